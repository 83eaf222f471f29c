"""Drift on the real year: limits from out-of-fold weeks, and which drift it is; false alarms on weeks nobody used."""

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
from mlsystem.training.out_of_fold import folds, out_of_fold
from mlsystem.training.slices import watched
from mlsystem.training.split import Rows, rows_of

DAY = np.timedelta64(1, "D")
TWENTY_MINUTES_LATER = 15 - 20  # who was this late, or more, would be late by 15 with 20 minutes on top


class Watched:
    """A champion that learned until a day, its limits for windows of a length, and the rest of the year."""

    def __init__(self, rows: Rows, until: str, window_days: int) -> None:
        self.rows, self.window_days, self.until = rows, window_days, np.datetime64(until)
        known = rows.where(rows.service_date < np.datetime64(until))
        self.model = fitted(known)
        self.known = known
        self.scores = out_of_fold(known, lambda others: fitted(others).predict_proba)
        self.references = column_references(known) | {"score": number_reference("score", self.scores)}
        self.limits = self.made_with(seed=1)

    def made_with(self, seed: int) -> DriftLimits:
        slices = watched(self.known)
        return drift_limits(self.known, self.scores, self.references, slices, seed, self.window_days)

    def window(self, first: str | np.datetime64, is_late: np.ndarray | None = None) -> Window:
        start = np.datetime64(first)
        inside = (self.rows.service_date >= start) & (self.rows.service_date < start + self.window_days * DAY)
        rows = self.rows.where(inside)
        scores = self.scores_of(inside)
        columns = dict(zip(MODEL_COLUMNS, rows.matrix.T, strict=True)) | {"score": scores}
        late = rows.is_late if is_late is None else is_late[inside]
        return Window(scores, late, watched(rows), window_psi(columns, self.references))

    def scores_of(self, inside: np.ndarray) -> np.ndarray:
        """As the model would have said them before it knew: out of fold where it has learned from the day."""
        known = self.rows.service_date < self.until
        scores = np.full(len(self.rows), np.nan)
        scores[known] = self.scores
        scores[inside & ~known] = self.model.predict_proba(self.rows.matrix[inside & ~known])
        return scores[inside]

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


@pytest.fixture(scope="module")
def eight_months(year: Rows) -> Watched:
    """As in production: January to August learned, the last quarter still to come."""
    return Watched(year, "2013-09-01", window_days=7)


def drifting(found: list[Diagnosis]) -> list[str]:
    return [one.because for one in found if one.kind in ("prior shift", "concept drift")]


def test_of_the_thirteen_weeks_of_the_last_quarter_at_most_one_is_called_drift(eight_months: Watched):
    """No limit was chosen on these weeks; by in-sample scores five were called a prior shift or a concept drift."""
    weeks = np.arange(np.datetime64("2013-10-01"), np.datetime64("2013-12-31"), 7 * DAY)

    found = drifting([eight_months.diagnose(week) for week in weeks])

    assert len(weeks) == 13
    assert len(found) <= 1, found


def test_in_sample_scores_would_make_the_limits_narrower_than_live_weeks_are(eight_months: Watched):
    """The planted fault: the same limits from scores that know their own flights."""
    watch, rows = eight_months, eight_months.known
    scores = watch.model.predict_proba(rows.matrix)
    references = watch.references | {"score": number_reference("score", scores)}

    limits = drift_limits(rows, scores, references, watched(rows), 1)

    assert limits.gap[1] - limits.gap[0] < 0.9 * (watch.limits.gap[1] - watch.limits.gap[0])


def test_weeks_that_neither_the_model_nor_the_limits_used_are_seldom_called_drift(eight_months: Watched):
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

    assert weeks >= 32
    assert false_alarms <= 4, f"{false_alarms} of {weeks}"
