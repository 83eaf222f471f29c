"""What policies were worth over the same questions: month by month, and in all against one that never retrains."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlsystem.monitoring.bootstrap_metrics import costs_of, intervals
from mlsystem.training.bootstrap_intervals import Interval, by_day, draws, interval

MEASURES = ("auc", "log_loss", "cost_per_1000")


@dataclass(frozen=True)
class PolicyComparison:
    """The labelled questions of a stretch, and what each policy said of them: probabilities (n,), none missing."""

    label: np.ndarray
    service_date: np.ndarray  # datetime64[D]
    policies: Mapping[str, np.ndarray]
    seed: int

    def by_month(self) -> dict[str, dict[str, dict[str, Interval]]]:
        """policy -> month -> measure -> value with its interval over days."""
        months = self.service_date.astype("datetime64[M]")
        return {
            name: {str(month): self._measured(scores, months == month) for month in np.unique(months)}
            for name, scores in self.policies.items()
        }

    def saved(self, policy: str, floor: str) -> Interval:
        """Money that the policy saved against the floor over all questions, before what its trainings cost."""
        saved = costs_of(self.policies[floor], self.label) - costs_of(self.policies[policy], self.label)
        daily = by_day(saved[:, None], self.service_date)
        return interval(float(saved.sum()), (draws(len(daily), self.seed) @ daily)[:, 0])

    def saved_by_month(self, floor: str) -> dict[str, dict[str, Interval]]:
        """policy -> month -> per 1,000 questions that it saved against the floor, on the same questions."""
        months = self.service_date.astype("datetime64[M]")
        return {
            name: {
                str(month): self._saved(scores, self.policies[floor], months == month) for month in np.unique(months)
            }
            for name, scores in self.policies.items()
        }

    def _saved(self, scores: np.ndarray, floor: np.ndarray, of: np.ndarray) -> Interval:
        saved = 1_000 * (costs_of(floor[of], self.label[of]) - costs_of(scores[of], self.label[of]))
        daily = by_day(np.column_stack([saved, np.ones(len(saved))]), self.service_date[of])
        drawn = draws(len(daily), self.seed) @ daily
        return interval(float(saved.mean()), drawn[:, 0] / drawn[:, 1])

    def total(self, policy: str) -> dict[str, Interval]:
        """measure -> value over the whole stretch."""
        return self._measured(self.policies[policy], np.ones(len(self.label), bool))

    def _measured(self, scores: np.ndarray, of: np.ndarray) -> dict[str, Interval]:
        found = intervals(scores[of], self.label[of], self.service_date[of], self.seed)
        return {name: found[name] for name in MEASURES}
