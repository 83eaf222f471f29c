"""How long a change at a known moment goes unnoticed: the trigger's own week, day after day, on rows with labels."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from mlsystem.retraining.live_snapshot import week_gap
from mlsystem.training.split import Rows


@dataclass(frozen=True)
class Detection:
    """`false_alarms` are of the `days_before`, when nothing had changed: what the limits cost where all is well."""

    changed_on: date
    detected_on: date | None
    days_before: int
    false_alarms: int

    @property
    def days(self) -> int | None:
        """From the change to the midnight at which it was seen."""
        return None if self.detected_on is None else (self.detected_on - self.changed_on).days


def detect(scores: np.ndarray, rows: Rows, limits: tuple[float, float], changed_on: date) -> Detection:
    """`rows` are of days that the model did not learn from, some before the change; `scores` its probabilities (n,)."""
    first, last = rows.days
    alarms = [day for day in _days(first, last) if _is_beyond(scores, rows, day, limits)]
    detected = next((day for day in alarms if day > changed_on), None)
    before = [day for day in alarms if day <= changed_on]
    return Detection(changed_on, detected, (changed_on - first).days, len(before))


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number + 1) for number in range((last - first).days + 1)]


def _is_beyond(scores: np.ndarray, rows: Rows, midnight: date, limits: tuple[float, float]) -> bool:
    """What the nightly decision asks, on the day that begins with this midnight."""
    known = rows.service_date < np.datetime64(midnight)
    gap = week_gap(scores[known], rows.where(known))
    return not limits[0] <= gap <= limits[1] and not np.isnan(gap)
