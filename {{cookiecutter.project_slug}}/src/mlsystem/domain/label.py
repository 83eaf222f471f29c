"""Late or not: when an arrival counts as late, and which flights never get a label."""

from datetime import timedelta
from typing import Any

from mlsystem.contract.label import Label

LATE_MINUTES = 15  # the US DOT's definition of a flight that is not on time (A15)
LONGEST_DELAY = timedelta(hours=24)  # the contract refuses longer ones


def is_late(arrival_delay_minutes: Any) -> Any:
    """A flight that was cancelled or diverted has no arrival delay and so no label: never call it False.

    What that does to the model: it learns P(late | arrives). On a day of mass cancellations the flights that
    would have been latest are missing from training, and its probabilities are too low for those that still fly.
    """
    return arrival_delay_minutes >= LATE_MINUTES


LABEL = Label("arrivals", "arrival_delay_minutes", "arrives 15 or more minutes late", is_late, LONGEST_DELAY)
