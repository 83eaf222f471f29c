"""What a decision costs, in whole cents so that every engine adds up to the same money.

The amounts are assumptions of this project, not measurements: no source stands behind them. What hangs on them is
measured: the report and the model card show the same model's dollars at half and at twice each of them.
"""

from collections.abc import Mapping

Table = Mapping[
    tuple[bool, bool], int
]  # (was the traveller warned, was the flight late) -> cents; one traveller a flight

COSTS_CENTS: Table = {
    (True, True): 1_500,  # assumed: a warned traveller rebooks, waits or leaves early: 15 dollars of trouble
    (True, False): 1_500,  # the same trouble, for nothing
    (False, True): 5_000,  # assumed: a surprised traveller misses a connection or a meeting: 50 dollars
    (False, False): 0,
}
# Assumed: an hour of somebody who reads the verdict and stands by while a model is taken up; the computing is cents.
TRAINING_CENTS = 10_000


def warn_above(table: Table = COSTS_CENTS) -> float:
    """The probability above which a warning costs less than silence; 1 if it never does, 0 if it costs nothing."""
    for_nothing = table[True, False] - table[False, False]  # what a warning costs where no delay follows
    avoided = table[False, True] - table[True, True]  # what it saves where one does
    if for_nothing <= 0:
        return 0.0
    return for_nothing / (for_nothing + avoided) if avoided > 0 else 1.0


WARN_ABOVE = warn_above()


def decide(probability: float) -> bool:
    """Whether to warn: the expected cost of silence exceeds that of a warning."""
    return probability > WARN_ABOVE


def cost_cents(is_warned: bool, is_late: bool, table: Table = COSTS_CENTS) -> int:
    """What one flight cost once its outcome is known."""
    return table[bool(is_warned), bool(is_late)]


def scaled(warning: float, surprise: float) -> Table:
    """The table, had a warning and a surprise cost so many times as much: to ask what hangs on the assumptions."""
    times = {True: warning, False: surprise}
    return {cell: round(cents * times[cell[0]]) for cell, cents in COSTS_CENTS.items()}
