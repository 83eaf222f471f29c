"""Performance once labels are known: predictions joined to what came true, never to what is not known yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mlsystem import storage
from mlsystem.domain.calendar import HOME_TIME_ZONE
from mlsystem.domain.label import LATE_AFTER_MINUTES
from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.monitoring.batch import inputs
from mlsystem.monitoring.resampled import intervals
from mlsystem.training.bootstrap import Interval
from mlsystem.training.evaluation import evaluate
from mlsystem.training.slices import Slice, slices
from mlsystem.training.split import Rows

DUE_AFTER = timedelta(hours=24)  # after scheduled arrival: the longest delay that the contract lets through


@dataclass(frozen=True)
class Performance:
    """What a stretch of predictions was worth. Without labels of both kinds, `metrics` and the rest are empty.

    Of one day there are no `intervals`: drawn again and again it is always itself, and would look certain.

    Cancelled and diverted flights never get a label: they are due and not labelled, so `coverage` says how much of
    the log the figures speak for. On a day of mass cancellations they speak for the flights that still arrived.
    """

    predictions: int
    due: int  # of them, whose label would be known by now if they arrived at all
    labelled: int
    metrics: dict[str, float]
    intervals: dict[str, Interval]  # auc, log_loss, usd_per_1000; gap and surplus: monitoring/resampled.py
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
    """Every arrival that there is; `known_at` says from when on."""
    return storage.Partitions(validated_dir / "arrivals").read()


def labelled(predictions: pd.DataFrame, arrivals: pa.Table, now: datetime) -> pd.DataFrame:
    """The predictions whose label is known at `now`, with `is_late`."""
    labels = arrivals.select(["flight_id", "arrival_delay_minutes", "known_at"]).to_pandas()
    labels = labels[labels["known_at"] <= now]
    joined = predictions.merge(labels, on="flight_id", validate="one_to_one")
    return joined.assign(is_late=joined["arrival_delay_minutes"] >= LATE_AFTER_MINUTES)


def performance(predictions: pd.DataFrame, arrivals: pa.Table, now: datetime, seed: int = 2013) -> Performance:
    """One row of `predictions` per flight: flight_id, probability, `model_row.*`, the two scheduled instants."""
    joined = labelled(predictions, arrivals, now)
    is_due = (predictions["scheduled_arrival_at"] + DUE_AFTER <= now) | predictions["flight_id"].isin(
        joined["flight_id"]
    )
    counts = len(predictions), int(is_due.sum()), len(joined)
    is_late = joined["is_late"].to_numpy(dtype=bool)
    if len(np.unique(is_late)) < 2:
        return Performance(*counts, {}, {}, ())
    probabilities = joined["probability"].to_numpy(dtype="float64")
    rows = rows_of(joined)
    return Performance(
        *counts,
        dict(evaluate(probabilities, is_late).metrics),
        intervals(probabilities, is_late, rows.service_date, seed) if len(set(rows.service_date)) > 1 else {},
        slices(probabilities, rows),
    )


def windows(
    predictions: pd.DataFrame, arrivals: pa.Table, now: datetime, days: int = 7
) -> Iterator[tuple[np.datetime64, Performance]]:
    """The same for each `days` service dates, from the first prediction on: (first date, what it was worth)."""
    dates = service_dates(predictions)
    index = (dates - dates.min()) // np.timedelta64(days, "D")
    for number in np.unique(index):
        yield dates.min() + number * days, performance(predictions[index == number], arrivals, now)


def service_dates(predictions: pd.DataFrame) -> np.ndarray:
    """The New York day of each flight: (n,) datetime64[D]."""
    local = predictions["scheduled_departure_at"].dt.tz_convert(HOME_TIME_ZONE)
    return local.dt.tz_localize(None).to_numpy().astype("datetime64[D]")


def matrix_of(predictions: pd.DataFrame) -> np.ndarray:
    """The model rows (n, F) as they were served; a column that was not logged is missing."""
    return inputs(predictions).reindex(columns=list(MODEL_COLUMNS)).to_numpy()


def rows_of(joined: pd.DataFrame) -> Rows:
    """What `labelled` gave, as a model sees it."""
    return Rows(matrix_of(joined), joined["is_late"].to_numpy(dtype=bool), service_dates(joined))
