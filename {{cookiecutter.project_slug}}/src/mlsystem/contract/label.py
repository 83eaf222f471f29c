"""What a model learns to foretell: where it becomes known, and when it is true."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Label:
    """`is_true` takes a value of the column, or an array of them. Known at the table's `known_at`; a question without
    a row there `due_after` its due_at never gets one."""

    table: str
    column: str
    meaning: str  # completes "the probability that it ..."
    is_true: Callable[[Any], Any]
    due_after: timedelta
