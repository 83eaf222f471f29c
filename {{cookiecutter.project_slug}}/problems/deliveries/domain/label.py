"""Late or not: when an order counts as late, and which orders never get a label."""

from datetime import timedelta
from typing import Any

from mlsystem.contract.label import Label
from mlsystem.domain.simulator import LATE_MINUTES

LATE_SECONDS = LATE_MINUTES * 60
LONGEST_DELAY = timedelta(hours=6)  # the rules refuse longer ones


def is_late(late_seconds: Any) -> Any:
    """A cancelled order is never handed over and so has no label: never call it False."""
    return late_seconds >= LATE_SECONDS


LABEL = Label("handovers", "late_seconds", "comes 15 or more minutes after its promise", is_late, LONGEST_DELAY)
