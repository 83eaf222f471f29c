"""The nulls of a retraining policy: what each calendar would have saved, and the trigger alone, by the same models.

A policy that saves less than a calendar of as many dates drawn at random has decided nothing.
"""

from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np

from mlsystem.domain import PROBLEM
from mlsystem.monitoring.bootstrap_metrics import costs_of
from mlsystem.training.bootstrap_intervals import WEEK

DAY = np.timedelta64(1, "D")
KNOWN_AFTER = 2 * DAY  # a service date's labels are known
FEWEST_DAYS = 7  # retraining/decision.py: the trigger's week is the newest model's


@dataclass(frozen=True)
class Dated:
    """A model for each day on which one could be trained; the first answers from the first day on."""

    days: tuple[date, ...]
    scores: np.ndarray  # (days, n) P(true), NaN before the model's day
    gap_limits: tuple[tuple[float, float], ...]  # of a week, by model: training/drift_limits.py
    label: np.ndarray  # (n,)
    service_date: np.ndarray  # (n,) datetime64[D], none before the first day

    @property
    def period(self) -> np.ndarray:
        """Which day's model is the newest that each question could have: (n,)."""
        return np.searchsorted(np.array(self.days, "datetime64[D]"), self.service_date, side="right") - 1

    def costs(self) -> np.ndarray:
        """Money of each period's questions (columns) under each model (rows); NaN where a model is not there yet."""
        found = np.full((len(self.days), len(self.days)), np.nan)
        for column in range(len(self.days)):
            inside = self.period == column
            for row in range(column + 1):
                found[row, column] = costs_of(self.scores[row, inside], self.label[inside]).sum()
        return found

    def answers(self, trained: list[int]) -> np.ndarray:
        """What each question was told by a policy that trained on those of the days, by their place; the first is 0."""
        newest = np.array(trained)[np.searchsorted(trained, self.period, side="right") - 1]
        return self.scores[newest, np.arange(len(self.label))]


def bands(dated: Dated) -> list[dict[str, float]]:
    """For each number of trainings after the first: what all its calendars saved over none, in Money, 5 %, 50 %, 95 %.

    `net` is the median less what the trainings cost.
    """
    costs, found = dated.costs(), []
    places = range(1, len(dated.days))
    for count in range(1, len(dated.days)):
        saved = [_cost(costs, ()) - _cost(costs, chosen) for chosen in combinations(places, count)]
        low, middle, high = (float(one) for one in np.quantile(saved, (0.05, 0.5, 0.95)))
        net = middle - training_cost(count)
        found.append(
            {"trainings": count, "calendars": len(saved), "low": low, "median": middle, "high": high, "net": net}
        )
    return found


def training_cost(count: int) -> float:
    return count * PROBLEM.costs.training_cents / 100


def _cost(costs: np.ndarray, chosen: tuple[int, ...]) -> float:
    newest, total = 0, 0.0
    for period in range(len(costs)):
        newest = period if period in chosen else newest
        total += costs[newest, period]
    return float(total)


def by_the_trigger(dated: Dated) -> list[int]:
    """The days of a policy that trains only where a week of its model, since the day before, was beyond its limits."""
    days, trained = np.array(dated.days, "datetime64[D]"), [0]
    for place in range(1, len(days)):
        newest = trained[-1]
        first = max(days[place - 1], days[newest] + FEWEST_DAYS * DAY)
        nights = np.arange(first + DAY, days[place] + DAY)
        if any(is_beyond(dated, newest, night) for night in nights):
            trained.append(place)
    return trained


def is_beyond(dated: Dated, model: int, night: np.datetime64) -> bool:
    """Whether the week whose labels are known that night is outside what the model's own weeks keep to."""
    last = night - KNOWN_AFTER
    week = (dated.service_date > last - WEEK * DAY) & (dated.service_date <= last)
    week &= dated.service_date >= np.datetime64(dated.days[model])
    gaps = (dated.scores[model] - dated.label)[week]
    low, high = dated.gap_limits[model]
    return len(np.unique(dated.service_date[week])) == WEEK and not low <= gaps.mean() <= high
