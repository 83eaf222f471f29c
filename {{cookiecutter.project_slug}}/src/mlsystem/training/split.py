"""Rows as matrices, split by time: rows of one day share its storms, and a random split puts half on each side."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from mlsystem.contract.problem import split_days
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError


class UnusableTrainingSet(UserError):
    """A training set that lacks columns, or has a split without rows or without both labels."""


@dataclass(frozen=True)
class Rows:
    """Questions as a model sees them, in the order of the training set."""

    matrix: np.ndarray  # (n, F) float64 in the order of PROBLEM.model_columns; NaN is missing
    label: np.ndarray  # (n,) bool
    service_date: np.ndarray  # (n,) datetime64[D]

    def __len__(self) -> int:
        return len(self.label)

    def where(self, mask: np.ndarray) -> "Rows":
        return Rows(self.matrix[mask], self.label[mask], self.service_date[mask])

    def column(self, name: str) -> np.ndarray:
        return self.matrix[:, PROBLEM.model_columns.index(name)]

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last service date."""
        return self.service_date.min().item(), self.service_date.max().item()

    def about(self) -> dict[str, Any]:
        """Plain JSON, for bundles and cards."""
        first, last = (str(day) for day in self.days)
        return {"rows": len(self), "first_day": first, "last_day": last, "base_rate": float(self.label.mean())}


@dataclass(frozen=True)
class Split:
    """Service dates: train < train_until <= tune < tune_until <= test. Choices are made on tune, never on test."""

    train_until: date
    tune_until: date


def default_split(first_day: date, last_day: date) -> Split:
    """Of a year, Jan-Aug, September, Oct-Dec."""
    return Split(*split_days(first_day, last_day))


def rows_of(training_set: pa.Table) -> Rows:
    """The training set as arrays. Raises UnusableTrainingSet if one of PROBLEM.model_columns is not there."""
    missing = [name for name in PROBLEM.model_columns if name not in training_set.column_names]
    if missing:
        raise UnusableTrainingSet(f"the training set lacks {', '.join(missing)}; run `make train` to build it again")
    columns = [training_set[name].to_numpy().astype("float64") for name in PROBLEM.model_columns]
    return Rows(
        np.column_stack(columns),
        training_set["label"].to_numpy().astype(bool),
        training_set["service_date"].to_numpy().astype("datetime64[D]"),
    )


def known_at(training_set: pa.Table) -> np.ndarray:
    """When each row's label became known: (n,) datetime64, UTC."""
    return training_set["label_known_at"].to_pandas().dt.tz_localize(None).to_numpy()


def split_rows(rows: Rows, split: Split) -> dict[str, Rows]:
    """`train`, `tune` and `test`. Raises UnusableTrainingSet if one of them has not both labels."""
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
    """Raises UnusableTrainingSet if a part has not both labels."""
    for name, part in parts.items():
        if len(np.unique(part.label)) < 2:
            raise UnusableTrainingSet(
                f"{name} has {len(part):,} {PROBLEM.words.questions}, {part.label.sum():,} {PROBLEM.words.positive}; "
                "a model needs both kinds: ingest more days, then run `make train`"
            )
