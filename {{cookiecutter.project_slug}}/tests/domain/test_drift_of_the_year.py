"""Drift in the real year 2013: what June's warmth, September's calm and twenty minutes more are called."""

import numpy as np
import pytest

from challengers import outcomes, training_table
from mlsystem.domain.label import LATE_MINUTES
from mlsystem.monitoring.diagnosis import Diagnosis
from mlsystem.training.split import Rows, rows_of
from watched_model import DAY, WatchedModel

TWENTY_MINUTES_LATER = LATE_MINUTES - 20  # who was this late, or more, would be late with 20 minutes on top
JUNE, SEPTEMBER = np.datetime64("2013-06-03"), np.datetime64("2013-09-01")


@pytest.fixture(scope="module")
def year(system) -> Rows:
    return rows_of(training_table(system.settings))


@pytest.fixture(scope="module")
def weekly(year: Rows) -> WatchedModel:
    return WatchedModel(year, np.datetime64("2013-04-01"), window_days=7)


@pytest.fixture(scope="module")
def monthly(year: Rows) -> WatchedModel:
    return WatchedModel(year, SEPTEMBER, window_days=28)


@pytest.fixture(scope="module")
def eight_months(year: Rows) -> WatchedModel:
    """As in production: January to August learned, the last quarter still to come."""
    return WatchedModel(year, SEPTEMBER, window_days=7)


def test_the_temperature_of_june_drifts_and_costs_nothing(weekly: WatchedModel):
    found = weekly.diagnose(JUNE)

    assert found.kind == "covariate drift"
    assert not found.costs
    assert "weather_temperature PSI 9." in found.reason
    assert found.reason.startswith("covariate drift that costs nothing")


def test_the_prior_of_september_shifts_and_the_probabilities_follow_in_part(monthly: WatchedModel):
    found = monthly.diagnose(SEPTEMBER)

    assert found.kind == "prior shift"
    assert "; 0.1" in found.reason, "the share that is late"


def test_twenty_minutes_more_on_the_same_inputs_are_concept_drift(weekly: WatchedModel, system):
    found = weekly.diagnose(JUNE, outcomes(system.settings) >= TWENTY_MINUTES_LATER)

    assert (found.kind, found.costs) == ("concept drift", True)


def drifting(found: list[Diagnosis]) -> list[str]:
    return [one.reason for one in found if one.kind in ("prior shift", "concept drift")]


def test_of_the_thirteen_weeks_of_the_last_quarter_at_most_one_is_called_drift(eight_months: WatchedModel):
    """No limit was chosen on these weeks; by in-sample scores five were called a prior shift or a concept drift."""
    weeks = np.arange(np.datetime64("2013-10-01"), np.datetime64("2013-12-31"), 7 * DAY)

    found = drifting([eight_months.diagnose(week) for week in weeks])

    assert len(weeks) == 13
    assert len(found) <= 1, found
