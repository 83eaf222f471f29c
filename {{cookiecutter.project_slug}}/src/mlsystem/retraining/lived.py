"""What policies were worth over the same flights: by month, and what share of a ceiling's gain one of them kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlsystem.monitoring.resampled import cost_usd, intervals
from mlsystem.training.bootstrap import Interval, by_day, draws, interval
from mlsystem.training.calibration import losses

MEASURES = ("auc", "log_loss", "usd_per_1000")


@dataclass(frozen=True)
class Lived:
    """The labelled flights of a stretch, and what each policy said of them: probabilities (n,), none missing."""

    is_late: np.ndarray
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

    def kept(self, policy: str, floor: str, ceiling: str) -> dict[str, Interval]:
        """The policy's share of what the ceiling gains over the floor, in dollars and in log-loss.

        Empty if the two are one model: then there was nothing to gain.
        """
        if np.array_equal(self.policies[ceiling], self.policies[floor]):
            return {}
        found = {}
        for name, of in (("usd", cost_usd), ("log_loss", losses)):
            cost = [of(self.policies[one], self.is_late) for one in (floor, policy, ceiling)]
            daily = by_day(np.column_stack([cost[0] - cost[1], cost[0] - cost[2]]), self.service_date)
            gained, most = (draws(len(daily), self.seed) @ daily).T
            with np.errstate(invalid="ignore", divide="ignore"):  # a draw of days on which the two were one model
                found[name] = interval(float(daily[:, 0].sum() / daily[:, 1].sum()), gained / most)
        return found

    def saved_by_month(self, floor: str) -> dict[str, dict[str, Interval]]:
        """policy -> month -> USD per 1,000 flights that it saved against the floor, on the same flights."""
        months = self.service_date.astype("datetime64[M]")
        return {
            name: {
                str(month): self._saved(scores, self.policies[floor], months == month) for month in np.unique(months)
            }
            for name, scores in self.policies.items()
        }

    def _saved(self, scores: np.ndarray, floor: np.ndarray, of: np.ndarray) -> Interval:
        saved = 1_000 * (cost_usd(floor[of], self.is_late[of]) - cost_usd(scores[of], self.is_late[of]))
        daily = by_day(np.column_stack([saved, np.ones(len(saved))]), self.service_date[of])
        drawn = draws(len(daily), self.seed) @ daily
        return interval(float(saved.mean()), drawn[:, 0] / drawn[:, 1])

    def total(self, policy: str) -> dict[str, Interval]:
        """measure -> value over the whole stretch."""
        return self._measured(self.policies[policy], np.ones(len(self.is_late), bool))

    def _measured(self, scores: np.ndarray, of: np.ndarray) -> dict[str, Interval]:
        found = intervals(scores[of], self.is_late[of], self.service_date[of], self.seed)
        return {name: found[name] for name in MEASURES}
