"""Drift on the real year: limits from reference weeks, and which drift it is. The champion learned January to March."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from challengers import fitted
from mlsystem.domain.request import CODES, MODEL_COLUMNS
from mlsystem.drift import number_reference
from mlsystem.monitoring.diagnosis import Diagnosis, Window, diagnose
from mlsystem.training.compare import column_references
from mlsystem.training.drift_limits import DriftLimits, drift_limits, from_json, window_psi
from mlsystem.training.slices import watched
from mlsystem.training.split import Rows, rows_of

DAY = np.timedelta64(1, "D")
TWENTY_MINUTES_LATER = 15 - 20  # who was this late, or more, would be late by 15 with 20 minutes on top


class Watched:
    """A champion that learned until a day, its limits for windows of a length, and the rest of the year."""

    def __init__(self, rows: Rows, until: str, window_days: int) -> None:
        self.rows, self.window_days = rows, window_days
        known = rows.where(rows.service_date < np.datetime64(until))
        self.model = fitted(known)
        self.known, self.scores = known, self.model.predict_proba(known.matrix)
        self.references = column_references(known) | {"score": number_reference("score", self.scores)}
        self.limits = self.made_with(seed=1)

    def made_with(self, seed: int) -> DriftLimits:
        slices = watched(self.known)
        return drift_limits(self.known, self.scores, self.references, slices, seed, self.window_days)

    def window(self, first: str | np.datetime64, is_late: np.ndarray | None = None) -> Window:
        start = np.datetime64(first)
        inside = (self.rows.service_date >= start) & (self.rows.service_date < start + self.window_days * DAY)
        rows = self.rows.where(inside)
        scores = self.model.predict_proba(rows.matrix)
        columns = dict(zip(MODEL_COLUMNS, rows.matrix.T, strict=True)) | {"score": scores}
        late = rows.is_late if is_late is None else is_late[inside]
        return Window(scores, late, watched(rows), window_psi(columns, self.references))

    def diagnose(self, first: str | np.datetime64, is_late: np.ndarray | None = None) -> Diagnosis:
        return diagnose(self.window(first, is_late), self.limits)

    def reference_weeks(self) -> list[np.datetime64]:
        first, last = (np.datetime64(day) for day in self.known.days)
        return list(np.arange(first, last - 6 * DAY, 7 * DAY))


@pytest.fixture(scope="module")
def year(system) -> Rows:
    return rows_of(pq.read_table(system.settings.training_sets_dir / "delay_v1.parquet"))


@pytest.fixture(scope="module")
def weekly(year: Rows) -> Watched:
    return Watched(year, "2013-04-01", window_days=7)


@pytest.fixture(scope="module")
def monthly(year: Rows) -> Watched:
    return Watched(year, "2013-09-01", window_days=28)


def test_most_reference_weeks_are_quiet_and_at_most_one_would_page(weekly: Watched):
    found = [weekly.diagnose(week) for week in weekly.reference_weeks()]
    scores = [weekly.window(week).psi["score"] > weekly.limits.psi["score"] for week in weekly.reference_weeks()]

    assert len(found) == 12
    assert sum(one.kind == "quiet" for one in found) >= 10, [one.because for one in found]
    assert sum(one.costs or is_over for one, is_over in zip(found, scores, strict=True)) <= 1


def test_limits_hardly_depend_on_which_weeks_were_drawn(weekly: Watched):
    again = weekly.made_with(seed=2)

    assert again.psi["score"] == pytest.approx(weekly.limits.psi["score"], rel=0.3)
    assert again.late_share == pytest.approx(weekly.limits.late_share, abs=0.03)


def test_the_temperature_of_june_drifts_and_costs_nothing(weekly: Watched):
    found = weekly.diagnose("2013-06-03")

    assert found.kind == "covariate drift"
    assert not found.costs
    assert "weather_temperature PSI 9." in found.because
    assert found.because.startswith("covariate drift that costs nothing")


def test_the_prior_of_september_shifts_and_the_probabilities_follow_in_part(monthly: Watched):
    found = monthly.diagnose("2013-09-01")

    assert found.kind == "prior shift"
    assert found.costs
    assert "late share 0.1" in found.because


@pytest.mark.parametrize("carrier", ["US", "DL", "B6", "MQ"])
def test_a_carrier_whose_flights_turn_around_is_concept_drift_and_is_named(weekly: Watched, carrier: str):
    flipped = weekly.rows.is_late ^ (weekly.rows.column("carrier") == CODES["carrier"][carrier])

    found = weekly.diagnose("2013-06-03", flipped)

    assert (found.kind, found.costs) == ("concept drift", True)
    assert f"carrier {carrier} is -" in found.because


def test_twenty_minutes_more_on_the_same_inputs_are_concept_drift(weekly: Watched, system):
    path = system.settings.training_sets_dir / "delay_v1.parquet"
    delays = pq.read_table(path, columns=["arrival_delay_minutes"])["arrival_delay_minutes"].to_numpy()

    found = weekly.diagnose("2013-06-03", delays >= TWENTY_MINUTES_LATER)

    assert (found.kind, found.costs) == ("concept drift", True)


def test_a_prior_that_the_probabilities_follow_wholly_costs_nothing(weekly: Watched):
    window, limits = weekly.window("2013-06-03"), weekly.limits
    stormy = np.random.default_rng(1).random(len(window.is_late)) < 0.5

    found = diagnose(replace(window, probabilities=np.full(len(stormy), stormy.mean()), is_late=stormy), limits)

    assert (found.kind, found.costs) == ("prior shift", False)
    assert "followed" in found.because


def test_limits_are_the_same_again_and_survive_a_file(weekly: Watched):
    assert weekly.made_with(seed=1) == weekly.limits
    assert from_json(json.loads(json.dumps(weekly.limits.as_json()))) == weekly.limits
