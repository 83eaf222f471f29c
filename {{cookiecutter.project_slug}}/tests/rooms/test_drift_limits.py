"""Drift on the real questions: limits from out-of-fold weeks, which drift it is, and how often it is a false alarm."""

import json
from dataclasses import replace

import numpy as np
import pytest

from challengers import HALF, training_table
from labels import WATCHED, month_at
from mlsystem.domain import PROBLEM
from mlsystem.drift import number_reference
from mlsystem.monitoring.diagnosis import diagnose
from mlsystem.training.compare import column_references
from mlsystem.training.drift_limits import drift_limits, from_json
from mlsystem.training.out_of_fold import folds
from mlsystem.training.slices import watched
from mlsystem.training.split import Rows, rows_of
from planted import DRIVER
from watched_model import DAY, WatchedModel


@pytest.fixture(scope="module")
def year(system) -> Rows:
    return rows_of(training_table(system.settings))


@pytest.fixture(scope="module")
def weekly(year: Rows) -> WatchedModel:
    return WatchedModel(year, month_at(1 / 4), window_days=7)


@pytest.fixture(scope="module")
def monthly(year: Rows) -> WatchedModel:
    return WatchedModel(year, HALF, window_days=28)


@pytest.fixture(scope="module")
def eight_months(year: Rows) -> WatchedModel:
    """As in production: two thirds of the year learned, the last quarter still to come."""
    return WatchedModel(year, month_at(2 / 3), window_days=7)


def whole_weeks(rows: Rows) -> int:
    first, last = rows.days
    return ((last - first).days + 1) // 7


def test_most_reference_weeks_are_quiet_and_at_most_one_would_page(weekly: WatchedModel):
    found = [weekly.diagnose(week) for week in weekly.reference_weeks()]
    scores = [weekly.window(week).psi["score"] > weekly.limits.psi["score"] for week in weekly.reference_weeks()]

    assert len(found) == whole_weeks(weekly.known) >= 8
    assert sum(one.kind == "quiet" for one in found) >= 5 / 6 * len(found), [one.reason for one in found]
    assert sum(one.costs or is_over for one, is_over in zip(found, scores, strict=True)) <= 1


def test_limits_hardly_depend_on_which_weeks_were_drawn(weekly: WatchedModel):
    again = weekly.made_with(seed=2)

    assert again.psi["score"] == pytest.approx(weekly.limits.psi["score"], rel=0.3)
    assert again.base_rate == pytest.approx(weekly.limits.base_rate, abs=PROBLEM.limits.gap)


def test_a_column_that_moves_while_the_probabilities_hold_is_covariate_drift_that_costs_nothing(weekly: WatchedModel):
    windows = [weekly.window(week) for week in weekly.reference_weeks()]
    quiet = next(one for one in windows if diagnose(one, weekly.limits).kind == "quiet")
    moved = 2 * weekly.limits.psi[DRIVER]

    found = diagnose(replace(quiet, psi={**quiet.psi, DRIVER: moved}), weekly.limits)

    assert (found.kind, found.costs, found.drifted) == ("covariate drift", False, (DRIVER,))
    assert found.reason.startswith("covariate drift that costs nothing: 1 columns over their limit, ")
    assert f"{DRIVER} PSI {moved:.2f} (limit {moved / 2:.2f})" in found.reason


def test_a_category_whose_labels_turn_around_is_concept_drift_and_is_named(monthly: WatchedModel):
    month = monthly.window(HALF)
    categories = [name for name in monthly.limits.slice_spread if name.startswith(f"{WATCHED} ")]
    names = [name for name in categories if month.label[month.slices[name]].mean() < 0.4]  # so that a turn is one
    smallest, largest = (choose(names, key=lambda name: month.slices[name].sum()) for choose in (min, max))

    for name in (smallest, largest):
        found = diagnose(replace(month, label=month.label ^ month.slices[name]), monthly.limits)

        assert (found.kind, found.costs) == ("concept drift", True)
        assert f"{name} is -" in found.reason


def test_labels_that_are_true_more_often_on_the_same_inputs_are_concept_drift(weekly: WatchedModel):
    more = np.random.default_rng(1).random(len(weekly.rows)) < PROBLEM.limits.usual_share

    found = weekly.diagnose(HALF, weekly.rows.label | more)

    assert (found.kind, found.costs) == ("concept drift", True)


def test_a_prior_that_the_probabilities_follow_wholly_costs_nothing(weekly: WatchedModel):
    window, limits = weekly.window(HALF), weekly.limits
    stormy = np.random.default_rng(1).random(len(window.label)) < 0.5

    found = diagnose(replace(window, probabilities=np.full(len(stormy), stormy.mean()), label=stormy), limits)

    assert (found.kind, found.costs) == ("prior shift", False)
    assert "followed" in found.reason


def test_limits_are_the_same_again_and_survive_a_file(weekly: WatchedModel):
    assert weekly.made_with(seed=1) == weekly.limits
    assert from_json(json.loads(json.dumps(weekly.limits.as_json()))) == weekly.limits


def test_in_sample_scores_would_make_the_limits_narrower_than_live_weeks_are(eight_months: WatchedModel):
    """The planted fault: the same limits from scores that know their own questions."""
    watch, rows = eight_months, eight_months.known
    scores = watch.model.predict_proba(rows.matrix)
    references = watch.references | {"score": number_reference("score", scores)}

    limits = drift_limits(rows, scores, references, watched(rows), 1)

    assert limits.gap[1] - limits.gap[0] < watch.limits.gap[1] - watch.limits.gap[0]


def test_weeks_that_neither_the_model_nor_the_limits_used_are_seldom_called_drift(eight_months: WatchedModel):
    """Each block of two months is judged by limits of the other three, from scores that are out of fold for both."""
    watch, rows, false_alarms, weeks = eight_months, eight_months.known, 0, 0
    block = folds(rows.service_date)
    for one in np.unique(block):
        others = rows.where(block != one)
        scores = watch.scores[block != one]
        references = column_references(others) | {"score": number_reference("score", scores)}
        limits = drift_limits(others, scores, references, watched(others), 1)
        first, last = (np.datetime64(day) for day in rows.where(block == one).days)
        for week in np.arange(first, last - 6 * DAY, 7 * DAY):
            weeks += 1
            false_alarms += diagnose(watch.window(week), limits).costs

    assert weeks == sum(whole_weeks(rows.where(block == one)) for one in np.unique(block)) >= 24
    assert false_alarms <= weeks / 8, f"{false_alarms} of {weeks}"
