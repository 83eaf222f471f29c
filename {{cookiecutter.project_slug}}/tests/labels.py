"""Labels and days for tests, made from the domain's declarations: nothing here knows what they are about."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from mlsystem.contract.slices import Categories
from mlsystem.domain import PROBLEM

_NUMBERS = [0, *(sign * 10**power for power in range(7) for sign in (1, -1))]
# By a label, a value of the label's column that makes it so.
VALUES = {label: next(n for n in _NUMBERS if bool(PROBLEM.label.is_true(n)) is label) for label in (True, False)}
SLICED = next(
    one.column for one in PROBLEM.slices if isinstance(one, Categories)
)  # a category whose slices are looked at
WATCHED = next(one.column for one in PROBLEM.slices if isinstance(one, Categories) and one.is_watched)


def values_of(label: np.ndarray) -> np.ndarray:
    """The label's column (n,) of these labels (n,) bool."""
    return np.where(label, VALUES[True], VALUES[False])


def label_table(ids: Sequence[str], label: np.ndarray, known_at: datetime | Sequence[datetime] | Any) -> pa.Table:
    """Labels as performance.read_labels gives them; `known_at` is of all of them, or of each."""
    moments = [known_at] * len(ids) if isinstance(known_at, datetime) else known_at
    known = pa.array(moments, pa.timestamp("us", "UTC"))
    return pa.table(
        {"question_id": pa.array(list(ids), pa.string()), PROBLEM.label.column: values_of(label), "known_at": known}
    )


def month_at(share: float) -> date:
    """The first of the month in which that share of the data's days is over."""
    days = (PROBLEM.last_day - PROBLEM.first_day).days + 1
    return (PROBLEM.first_day + timedelta(days=int(days * share))).replace(day=1)
