"""Performance once labels are known: predictions joined to what came true, never to what is not known yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.monitoring.batch import inputs
from mlsystem.monitoring.bootstrap_metrics import intervals
from mlsystem.training.bootstrap_intervals import Interval
from mlsystem.training.evaluation import evaluate
from mlsystem.training.slices import Slice, slices
from mlsystem.training.split import Rows

DUE_AFTER = PROBLEM.label.due_after  # after due_at


@dataclass(frozen=True)
class Performance:
    """What a stretch of predictions was worth. Without labels of both kinds, `metrics` and the rest are empty.

    Of one day there are no `intervals`: drawn again and again it is always itself, and would look certain.

    Some questions never get a label: they are due and not labelled, so `coverage` says how much of the log the figures
    speak for.
    """

    predictions: int
    due: int  # of them, whose label would be known by now if they arrived at all
    labelled: int
    metrics: dict[str, float]
    intervals: dict[str, Interval]  # auc, log_loss, cost_per_1000; gap and surplus: monitoring/bootstrap_metrics.py
    slices: tuple[Slice, ...]

    @property
    def censored(self) -> int:
        """Due and without a label."""
        return self.due - self.labelled

    @property
    def coverage(self) -> float:
        return self.labelled / self.due if self.due else 0.0

    def as_json(self) -> dict[str, Any]:
        """For files and pages: rounded, the metrics beside the counts, the intervals as `<metric>_interval`."""
        counts = {"labelled": self.labelled, "due": self.due, "censored": self.censored}
        bounds = {f"{name}_interval": [round(i.low, 4), round(i.high, 4)] for name, i in self.intervals.items()}
        metrics = {name: round(value, 4) for name, value in self.metrics.items()}
        return counts | {"coverage": round(self.coverage, 4)} | metrics | bounds


def read_labels(validated_dir: Path) -> pa.Table:
    """Every label that there is, by `question_id`: the column that it is made from; `known_at` says from when on."""
    rows = storage.Partitions(validated_dir / PROBLEM.label.table).read()
    wanted = {PROBLEM.id_column: "question_id", PROBLEM.label.column: PROBLEM.label.column, "known_at": "known_at"}
    return rows.select([*wanted]).rename_columns([*wanted.values()])


def labelled(predictions: pd.DataFrame, labels: pa.Table, now: datetime) -> pd.DataFrame:
    """The predictions whose label is known at `now`, with `label`."""
    known = labels.to_pandas()
    known = known[known["known_at"] <= now]
    joined = predictions.merge(known, on="question_id", validate="one_to_one")
    return joined.assign(label=PROBLEM.label.is_true(joined[PROBLEM.label.column]))


def performance(predictions: pd.DataFrame, labels: pa.Table, now: datetime, seed: int = 2013) -> Performance:
    """One row of `predictions` per question: question_id, service_date, due_at, probability, `model_row.*`."""
    joined = labelled(predictions, labels, now)
    is_due = (predictions["due_at"] + DUE_AFTER <= now) | predictions["question_id"].isin(joined["question_id"])
    counts = len(predictions), int(is_due.sum()), len(joined)
    label = joined["label"].to_numpy(dtype=bool)
    if len(np.unique(label)) < 2:
        return Performance(*counts, {}, {}, ())
    probabilities = joined["probability"].to_numpy(dtype="float64")
    rows = rows_of(joined)
    return Performance(
        *counts,
        dict(evaluate(probabilities, label).metrics),
        intervals(probabilities, label, rows.service_date, seed) if len(set(rows.service_date)) > 1 else {},
        slices(probabilities, rows),
    )


def windows(
    predictions: pd.DataFrame, labels: pa.Table, now: datetime, days: int = 7
) -> Iterator[tuple[np.datetime64, Performance]]:
    """The same for each `days` service dates, from the first prediction on: (first date, what it was worth)."""
    dates = service_dates(predictions)
    index = (dates - dates.min()) // np.timedelta64(days, "D")
    for number in np.unique(index):
        yield dates.min() + number * days, performance(predictions[index == number], labels, now)


def service_dates(predictions: pd.DataFrame) -> np.ndarray:
    """The day of each question on the domain's calendar: (n,) datetime64[D]."""
    return predictions["service_date"].to_numpy().astype("datetime64[D]")


def matrix_of(predictions: pd.DataFrame) -> np.ndarray:
    """The model rows (n, F) as they were served; a column that was not logged is missing."""
    return inputs(predictions).reindex(columns=list(PROBLEM.model_columns)).to_numpy()


def rows_of(joined: pd.DataFrame) -> Rows:
    """What `labelled` gave, as a model sees it."""
    return Rows(matrix_of(joined), joined["label"].to_numpy(dtype=bool), service_dates(joined))
