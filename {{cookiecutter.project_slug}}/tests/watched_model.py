"""A model of the real questions with its drift limits, asked week by week through the rest of its data."""

from datetime import date

import numpy as np

from challengers import fitted
from mlsystem.domain import PROBLEM
from mlsystem.drift import number_reference
from mlsystem.monitoring.diagnosis import Diagnosis, Window, diagnose
from mlsystem.training.compare import column_references
from mlsystem.training.drift_limits import DriftLimits, drift_limits, window_psi
from mlsystem.training.out_of_fold import out_of_fold
from mlsystem.training.slices import watched
from mlsystem.training.split import Rows

DAY = np.timedelta64(1, "D")


class WatchedModel:
    """A champion that learned until a day, its limits for windows of a length, and the rest of the data."""

    def __init__(self, rows: Rows, until: date, window_days: int) -> None:
        self.rows, self.window_days, self.until = rows, window_days, np.datetime64(until)
        self.known = rows.where(rows.service_date < self.until)
        self.model = fitted(self.known)
        self.scores = out_of_fold(self.known, lambda others: fitted(others).predict_proba)
        self.references = column_references(self.known) | {"score": number_reference("score", self.scores)}
        self.limits = self.made_with(seed=1)

    def made_with(self, seed: int) -> DriftLimits:
        slices = watched(self.known)
        return drift_limits(self.known, self.scores, self.references, slices, seed, self.window_days)

    def window(self, first: date | np.datetime64, label: np.ndarray | None = None) -> Window:
        """The window from that day on; `label` has other labels than came true, of all rows."""
        start = np.datetime64(first)
        inside = (self.rows.service_date >= start) & (self.rows.service_date < start + self.window_days * DAY)
        rows = self.rows.where(inside)
        scores = self.scores_of(inside)
        columns = dict(zip(PROBLEM.model_columns, rows.matrix.T, strict=True)) | {"score": scores}
        labels = rows.label if label is None else label[inside]
        return Window(scores, labels, watched(rows), window_psi(columns, self.references))

    def scores_of(self, inside: np.ndarray) -> np.ndarray:
        """As the model would have said them before it knew: out of fold where it has learned from the day."""
        known = self.rows.service_date < self.until
        scores = np.full(len(self.rows), np.nan)
        scores[known] = self.scores
        scores[inside & ~known] = self.model.predict_proba(self.rows.matrix[inside & ~known])
        return scores[inside]

    def diagnose(self, first: date | np.datetime64, label: np.ndarray | None = None) -> Diagnosis:
        return diagnose(self.window(first, label), self.limits)

    def reference_weeks(self) -> list[np.datetime64]:
        first, last = (np.datetime64(day) for day in self.known.days)
        return list(np.arange(first, last - 6 * DAY, 7 * DAY))
