"""The retraining decision: each reason and each hindrance alone, at its limit, in one sentence without a NaN."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from math import inf, nan

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.retraining.decision import Limits, Measured, decide
from mlsystem.retraining.window import expanding_split, is_known
from mlsystem.training.bootstrap_intervals import Interval

TODAY = date(2031, 7, 19)
QUIET = Interval(0.001, -0.02, 0.022)
ENOUGH = Limits().fewest_new_labels
WELL = Measured(TODAY, date(2031, 7, 1), 10 * ENOUGH, 5 * ENOUGH, QUIET, 0.01, (-0.15, 0.07), 0.05, 0.2)
POSITIVE = PROBLEM.words.positive


def test_in_a_month_that_has_had_its_training_a_model_that_holds_is_left_alone_also_when_its_scores_drift():
    decision = decide(replace(WELL, score_psi=0.5))

    assert not decision.retrain
    assert decision.reason == (
        f"no retraining: the last was on 2031-07-01, and {5 * ENOUGH:,} labels show its probabilities +0.1% off "
        "(-2.0% to +2.2%), no more than chance"
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"trained_on": date(2031, 6, 30)}, "the last was on 2031-06-30, and each month has one"),
        (
            {"week_gap": 0.08},
            f"in the last week it promised 8.0% more {POSITIVE} than came (weeks of its training: -15",
        ),
        ({"week_gap": -0.16}, f"in the last week it promised 16.0% fewer {POSITIVE} than came"),
        ({"window_labels": 100, "score_psi": 0.21}, "the scores drifted (PSI 0.210, limit 0.200) and only 100 labels"),
    ],
)
def test_each_reason_alone_is_enough_and_is_said(changed: dict, said: str):
    decision = decide(replace(WELL, **changed))

    assert decision.retrain
    assert decision.reason.startswith(f"retrain: {said}")


@pytest.mark.parametrize(
    "changed",
    [{"week_gap": 0.07}, {"week_gap": -0.15}, {"week_gap": nan}, {"window_labels": 100, "score_psi": 0.2}],
    ids=str,
)
def test_just_inside_each_limit_and_where_nothing_is_known_nothing_is_retrained(changed: dict):
    assert not decide(replace(WELL, **changed)).retrain


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"new_labels": ENOUGH - 1}, f"only {ENOUGH - 1:,} new labels (at least {ENOUGH:,})"),
        ({"trained_on": TODAY - timedelta(days=6)}, "the last was 6 days ago (at least 7)"),
    ],
)
def test_a_hindrance_is_said_together_with_the_reason_that_waits(changed: dict, said: str):
    decision = decide(replace(WELL, week_gap=0.2, **changed))

    assert not decision.retrain
    assert decision.reason.startswith("no retraining yet, though in the last week it promised 20.0% more")
    assert decision.reason.endswith(said)


def test_asked_every_night_of_a_year_the_calendar_trains_once_a_month():
    trained, days = date(2031, 3, 1), []
    for n in range(1, 306):
        today = date(2031, 3, 1) + timedelta(days=n)
        if decide(replace(WELL, today=today, trained_on=trained)).retrain:
            trained = today
            days.append(today)

    assert days == [date(2031, month, 1) for month in range(4, 13)]


def test_what_the_trigger_trained_lately_is_not_trained_again_by_the_calendar():
    first = replace(WELL, today=date(2031, 8, 1))

    assert not decide(replace(first, trained_on=date(2031, 7, 18))).retrain
    assert decide(replace(first, trained_on=date(2031, 7, 17))).retrain


def test_without_evidence_the_sentence_says_so():
    unknown = Interval(nan, nan, nan)

    for labels in (0, ENOUGH - 1, 2 * ENOUGH):
        said = decide(replace(WELL, window_labels=labels, gap=unknown, week_gap=nan, score_psi=nan)).reason
        assert said.endswith(
            f"{labels:,} labels of the last 28 days are too few to say what its probabilities are worth"
        )


@pytest.mark.parametrize("value", [nan, inf, -inf, 1e9, -1e9, 1e-9], ids=str)
def test_no_sentence_has_a_nan_or_an_exponent_whatever_was_measured(value: float):
    odd = Interval(value, value, value)
    fields = {
        "gap": odd,
        "week_gap": value,
        "week_gap_limits": (-inf, inf),
        "score_psi": value,
        "score_psi_limit": value,
    }

    for (name, one), labels in product(fields.items(), (0, 5 * ENOUGH)):
        said = decide(replace(WELL, window_labels=labels, **{name: one})).reason
        assert not any(bad in said.lower() for bad in ("nan", "inf ", "inf)", "e+0", "e-0")), said


def test_the_window_expands_and_keeps_its_last_four_weeks_to_choose_by():
    short, long = (expanding_split(date(2031, 1, 1), today) for today in (date(2031, 3, 1), date(2031, 9, 1)))

    assert (short.train_until, short.tune_until) == (date(2031, 2, 15), date(2031, 3, 1))
    assert (long.train_until, long.tune_until) == (date(2031, 8, 4), date(2031, 9, 1))


def test_a_retraining_learns_from_no_label_that_is_not_yet_known():
    day = np.array(["2031-06-30"] * 3 + ["2031-07-01"], dtype="datetime64[D]")
    known_at = np.array(
        ["2031-06-30T20:00", "2031-07-01T00:00", "2031-07-01T00:01", "2031-07-01T00:00"], dtype="datetime64[us]"
    )

    assert is_known(known_at, day, date(2031, 7, 1)).tolist() == [True, True, False, False]
