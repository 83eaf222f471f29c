"""What a decision costs, in whole cents so that every engine adds up to the same money."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

Cells = Mapping[tuple[bool, bool], int]  # (did we act, was the label true) -> cents


@dataclass(frozen=True)
class Costs:
    """`cents` has all four cells; `training_cents`: of taking up a new model; `source`: where the amounts are from."""

    cents: Cells
    training_cents: int
    currency: str = "USD"
    source: str = "assumptions, which no source stands behind"

    @property
    def act_above(self) -> float:
        """The probability above which acting is cheaper than not; 1 if it never is, 0 if it costs nothing."""
        for_nothing = self.cents[True, False] - self.cents[False, False]  # what acting costs where it was not needed
        avoided = self.cents[False, True] - self.cents[True, True]  # what it saves where it was
        if for_nothing <= 0:
            return 0.0
        return for_nothing / (for_nothing + avoided) if avoided > 0 else 1.0

    def decide(self, probability: float) -> bool:
        """Whether to act: not acting would cost more, as far as one can expect."""
        return probability > self.act_above

    def of(self, acted: bool, label: bool) -> int:
        """What one question cost once its label is known, in cents."""
        return self.cents[bool(acted), bool(label)]

    def scaled(self, acting: float, missing: float) -> "Costs":
        """Had acting, and not acting, cost so many times as much: to ask what hangs on the assumptions."""
        times = {True: acting, False: missing}
        cells = {cell: round(cents * times[cell[0]]) for cell, cents in self.cents.items()}
        return replace(self, cents=cells)
