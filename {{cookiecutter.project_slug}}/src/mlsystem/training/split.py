"""Rows as matrices, split by time: flights of one day share a storm, and a random split puts half on each side."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.errors import UserError


class UnusableTrainingSet(UserError):
    """A training set that lacks columns, or has a split without rows or without both labels."""


@dataclass(frozen=True)
class Rows:
    """Flights as a model sees them, in the order of the training set."""

    matrix: np.ndarray  # (n, F) float64 in the order of MODEL_COLUMNS; NaN is missing
    is_late: np.ndarray  # (n,) bool
    service_date: np.ndarray  # (n,) datetime64[D]

    def __len__(self) -> int:
        return len(self.is_late)

    def where(self, mask: np.ndarray) -> "Rows":
        return Rows(self.matrix[mask], self.is_late[mask], self.service_date[mask])

    def column(self, name: str) -> np.ndarray:
        return self.matrix[:, MODEL_COLUMNS.index(name)]

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last service date."""
        return self.service_date.min().item(), self.service_date.max().item()

    def about(self) -> dict[str, Any]:
        """Plain JSON, for bundles and cards."""
        first, last = (str(day) for day in self.days)
        return {"flights": len(self), "first_day": first, "last_day": last, "late_share": float(self.is_late.mean())}


@dataclass(frozen=True)
class Split:
    """Service dates: train < train_until <= tune < tune_until <= test. Choices are made on tune, never on test."""

    train_until: date
    tune_until: date


def default_split(first_day: date, last_day: date) -> Split:
    """Two thirds of the days, the next twelfth, the last quarter: of a year, Jan-Aug, September, Oct-Dec."""
    days = (last_day - first_day).days + 1
    return Split(first_day + timedelta(days=days * 2 // 3), first_day + timedelta(days=days * 3 // 4))


def rows_of(training_set: pa.Table) -> Rows:
    """The training set as arrays. Raises UnusableTrainingSet if one of MODEL_COLUMNS is not there."""
    missing = [name for name in MODEL_COLUMNS if name not in training_set.column_names]
    if missing:
        raise UnusableTrainingSet(f"the training set lacks {', '.join(missing)}; run `make train` to build it again")
    columns = [training_set[name].to_numpy().astype("float64") for name in MODEL_COLUMNS]
    return Rows(
        np.column_stack(columns),
        training_set["is_late"].to_numpy().astype(bool),
        training_set["service_date"].to_numpy().astype("datetime64[D]"),
    )


def known_at(training_set: pa.Table) -> np.ndarray:
    """When each row's label became known: (n,) datetime64, UTC."""
    return training_set["label_known_at"].to_pandas().dt.tz_localize(None).to_numpy()


def split_rows(rows: Rows, split: Split) -> dict[str, Rows]:
    """`train`, `tune` and `test`. Raises UnusableTrainingSet if one of them has not both late and punctual flights."""
    is_train = rows.service_date < np.datetime64(split.train_until)
    is_test = rows.service_date >= np.datetime64(split.tune_until)
    parts = {
        "train": rows.where(is_train),
        "tune": rows.where(~is_train & ~is_test),
        "test": rows.where(is_test),
    }
    require_both_labels(parts)
    return parts


def require_both_labels(parts: Mapping[str, Rows]) -> None:
    """Raises UnusableTrainingSet if a part has not both late and punctual flights."""
    for name, part in parts.items():
        if len(np.unique(part.is_late)) < 2:
            raise UnusableTrainingSet(
                f"{name} has {len(part):,} flights, {part.is_late.sum():,} of them late; a model needs both kinds: "
                "ingest more days, then run `make train`"
            )
