"""Limits in the problem's own units, each derived from how often its label is true and from what a decision costs."""

import math
from dataclasses import dataclass
from functools import cached_property

from mlsystem.contract.costs import Costs

WEEKS = 4  # that a gate judges by
BINS = 15  # of the calibration error


@dataclass(frozen=True)
class Limits:
    """`usual_share`: of the labels that are true in a usual month. `usual_week`: a lower bound of a week's labels.

    All that is derived has one digit: it is a size to keep to, not a measurement.
    """

    usual_share: float
    usual_week: int
    costs: Costs

    @cached_property
    def gap(self) -> float:
        """Mean probability less label share, from which on a champion is off; a slice's, against the others."""
        return _one_digit(self.usual_share / 8)

    @cached_property
    def slice_gap(self) -> float:
        """Half the threshold: a slice that is further off than that is decided wrongly."""
        return self.costs.act_above / 2

    @cached_property
    def worse_cost(self) -> float:
        """What 1,000 questions may cost more under a challenger that is let in, of what never acting costs."""
        return _one_digit(self._tolerance * 1_000 * self.usual_share * self.costs.of(False, True) / 100)

    @cached_property
    def worse_slice_cost(self) -> float:
        """Of one slice, surely: half as much. Less is not worth keeping a worse average for."""
        return self.worse_cost / 2

    @cached_property
    def worse_log_loss(self) -> float:
        """As much of the log-loss that the usual share alone has."""
        p = self.usual_share
        return _one_digit(-self._tolerance * (p * math.log(p) + (1 - p) * math.log(1 - p)))

    @cached_property
    def ece(self) -> float:
        """The calibration error of a good model in a fortnight that nobody foresaw."""
        return _one_digit(max(self.usual_share / 4, 3 * self._chance_ece))

    @cached_property
    def worse_ece(self) -> float:
        """Than the champion's: where the world broke, both are wrong about it."""
        return _one_digit(max(self.usual_share / 24, self._chance_ece))

    @cached_property
    def _tolerance(self) -> float:
        """2 %, or what the true labels of four weeks stray by chance: less could never be shown."""
        return max(0.02, 1.3 / math.sqrt(WEEKS * self.usual_week * self.usual_share))

    @cached_property
    def _chance_ece(self) -> float:
        """The calibration error that a perfect model shows by chance on four weeks of labels."""
        of_a_bin = self.usual_share * (1 - self.usual_share) * BINS / (WEEKS * self.usual_week)
        return math.sqrt(2 / math.pi) * math.sqrt(of_a_bin)

    @cached_property
    def fewest(self) -> int:
        """The rows of which a measure is worth telling: two dozen of them are true."""
        return math.ceil(24 / self.usual_share)

    @cached_property
    def prior(self) -> int:
        """A cell of the baseline with so many rows, a dozen of them true, trusts itself and the level above equally."""
        return math.ceil(12 / self.usual_share)


def _one_digit(value: float) -> float:
    return float(f"{value:.0e}")
