"""The retraining decision: each reason and each hindrance alone, at its limit, in one sentence."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from mlsystem.retraining.decision import Limits, Measured, decide
from mlsystem.retraining.window import expanding_split, is_known
from mlsystem.training.bootstrap import Interval

TODAY = date(2013, 7, 1)
QUIET = Interval(0.001, -0.02, 0.022)
WELL = Measured(TODAY, TODAY - timedelta(days=61), 50_000, 25_000, QUIET, QUIET, 0.05, 0.2)


def test_a_model_whose_probabilities_hold_is_left_alone_also_when_its_scores_drift():
    decision = decide(replace(WELL, score_psi=0.5))

    assert not decision.retrain
    assert decision.because == (
        "no retraining: 25,000 labels show its probabilities +0.1% off (interval -0.0200 to +0.0220), no more than "
        "chance, and it is 61 days old"
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"gap": Interval(-0.035, -0.06, -0.007)}, "it promises 3.5% less late flights than came"),
        ({"gap": Interval(0.04, 0.019, 0.057)}, "it promises 4.0% more late flights than came"),
        ({"surplus": Interval(0.03, 0.01, 0.05)}, "its log-loss is 0.0300 above what its probabilities promise"),
        ({"window_labels": 100, "score_psi": 0.21}, "the scores drifted (PSI 0.210, limit 0.200) and only 100 labels"),
        ({"trained_on": TODAY - timedelta(days=120)}, "the last was 120 days ago (at most 120)"),
    ],
)
def test_each_reason_alone_is_enough_and_is_said(changed: dict, said: str):
    decision = decide(replace(WELL, **changed))

    assert decision.retrain
    assert decision.because.startswith(f"retrain: {said}")


@pytest.mark.parametrize(
    "changed",
    [
        {"gap": Interval(-0.035, -0.06, 0.0)},
        {"gap": Interval(0.035, 0.0, 0.06)},
        {"surplus": Interval(-0.03, -0.05, -0.01)},
        {"window_labels": 100, "score_psi": 0.2},
        {"trained_on": TODAY - timedelta(days=119)},
    ],
)
def test_just_inside_each_limit_nothing_is_retrained(changed: dict):
    assert not decide(replace(WELL, **changed)).retrain


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"new_labels": 4_999}, "only 4,999 new labels (at least 5,000)"),
        ({"trained_on": TODAY - timedelta(days=27)}, "the last was 27 days ago (at least 28)"),
    ],
)
def test_a_hindrance_is_said_together_with_the_reason_that_waits(changed: dict, said: str):
    decision = decide(replace(WELL, gap=Interval(0.04, 0.02, 0.06), **changed))

    assert not decision.retrain
    assert decision.because.startswith("no retraining yet, though it promises 4.0% more")
    assert decision.because.endswith(said)


def test_with_few_labels_the_gap_has_no_say():
    assert not decide(replace(WELL, window_labels=10, gap=Interval(0.3, 0.1, 0.5))).retrain


def test_the_limits_are_arguments():
    assert decide(WELL, Limits(most_days_between=60)).retrain


def test_the_window_expands_and_keeps_its_last_four_weeks_to_choose_by():
    short, long = (expanding_split(date(2013, 1, 1), today) for today in (date(2013, 3, 1), date(2013, 9, 1)))

    assert (short.train_until, short.tune_until) == (date(2013, 2, 15), date(2013, 3, 1))
    assert (long.train_until, long.tune_until) == (date(2013, 8, 4), date(2013, 9, 1))


def test_a_retraining_learns_from_no_label_that_is_not_yet_known():
    day = np.array(["2013-06-30"] * 3 + ["2013-07-01"], dtype="datetime64[D]")
    known_at = np.array(
        ["2013-06-30T20:00", "2013-07-01T00:00", "2013-07-01T00:01", "2013-07-01T00:00"], dtype="datetime64[us]"
    )

    assert is_known(known_at, day, TODAY).tolist() == [True, True, False, False]
