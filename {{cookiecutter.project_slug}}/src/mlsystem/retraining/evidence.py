"""What a gate judges: two models' answers to the same questions, and what was measured of the challenger itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mlsystem.monitoring.bootstrap_metrics import costs_of
from mlsystem.monitoring.performance import matrix_of, rows_of
from mlsystem.monitoring.skew import SkewReport
from mlsystem.training.bootstrap_intervals import Interval, by_day, draws, interval
from mlsystem.training.calibration import losses
from mlsystem.training.slices import masks

Sliced = Mapping[str, np.ndarray]  # by slice, such as a category of a column: which questions (n,) bool are in it


@dataclass(frozen=True)
class Shadowed:
    """What the challenger did in the shadow of the champion: on live questions, in the running service."""

    asked: int
    scored: int
    furthest: float  # the largest difference from what its file says of the same rows; NaN if nothing was scored


def shadowed(predictions: pd.DataFrame, predict: Callable[[np.ndarray], np.ndarray], version: str) -> Shadowed:
    """Of the predictions from the first on that this version scored in the shadow."""
    is_scored = (predictions["shadow_version"] == version).to_numpy(dtype=bool)
    if not is_scored.any():
        return Shadowed(0, 0, float("nan"))
    asked = predictions["as_of"] >= predictions.loc[is_scored, "as_of"].min()
    scored = predictions[is_scored]
    far = np.abs(scored["shadow_probability"].to_numpy(dtype="float64") - predict(matrix_of(scored)))
    return Shadowed(int(asked.sum()), len(scored), float(far.max()))


@dataclass(frozen=True)
class Evidence:
    """One row per question that both models answered from the features that were live, and whose label is known."""

    champion: np.ndarray  # (n,) P(true)
    challenger: np.ndarray  # (n,)
    label: np.ndarray  # (n,) bool
    service_date: np.ndarray  # (n,) datetime64[D]
    slices: Sliced
    latency_ms: float  # the challenger's, one row
    size_bytes: int
    skew: SkewReport  # of the features that the challenger was trained on, against those that were served
    shadow: Shadowed

    @property
    def days(self) -> int:
        return len(np.unique(self.service_date))


def from_the_log(
    joined: pd.DataFrame,
    predict: Callable[[np.ndarray], np.ndarray],
    latency_ms: float,
    size_bytes: int,
    skew: SkewReport,
    shadow: Shadowed,
) -> Evidence:
    """The challenger's answers to what the champion was asked, from the features as they were served.

    `joined` is what monitoring/performance.py's `labelled` gave; `predict` takes (n, F) and gives P(true), calibrated.
    """
    rows = rows_of(joined)
    sliced = {f"{by} {value}": mask for by, value, mask in masks(rows) if by != "month"}
    champion, challenger = joined["probability"].to_numpy(dtype="float64"), predict(rows.matrix)
    return Evidence(champion, challenger, rows.label, rows.service_date, sliced, latency_ms, size_bytes, skew, shadow)


@dataclass(frozen=True)
class Harm:
    """How much worse a challenger is within one slice, and what it is at least, over all slices at once."""

    slice: str
    rows: int
    value: float
    at_least: float


def gains(evidence: Evidence) -> np.ndarray:
    """What the challenger gains on each question, (n, 2): cost per 1,000 such questions, and log-loss."""
    saved = costs_of(evidence.champion, evidence.label) - costs_of(evidence.challenger, evidence.label)
    sharper = losses(evidence.champion, evidence.label) - losses(evidence.challenger, evidence.label)
    return np.column_stack([saved * 1000, sharper])


def mean_gains(evidence: Evidence, level: float, seed: int) -> tuple[Interval, Interval]:
    """Money per 1,000 questions and log-loss, each with its interval over days."""
    gained = gains(evidence)
    daily = by_day(np.column_stack([gained, np.ones(len(gained))]), evidence.service_date)
    drawn = draws(len(daily), seed) @ daily
    money, log_loss = (
        interval(float(gained[:, k].mean()), drawn[:, k] / drawn[:, 2], level) for k in range(gained.shape[1])
    )
    return money, log_loss


def harms(evidence: Evidence, fewest: int, confidence: float, seed: int) -> tuple[list[Harm], list[Harm]]:
    """For money and for log-loss, each slice's harm and its lower bound, all bounds true together (max-t).

    Thirty slices looked at one by one would refuse a better model for chance alone. So the bound's width is what the
    largest of all slices' errors keeps to in the resamples, which honours that slices share questions and days.
    """
    inside = {name: mask for name, mask in evidence.slices.items() if mask.sum() >= fewest}
    if not inside:
        return [], []
    masks = np.column_stack(list(inside.values())).astype("float64")  # (n, K)
    lost = -gains(evidence)
    columns = np.hstack([masks, masks * lost[:, :1], masks * lost[:, 1:]])
    daily = by_day(columns, evidence.service_date)
    rows, *sums = np.split(daily.sum(axis=0), 3)
    drawn_rows, *drawn = np.split(draws(len(daily), seed) @ daily, 3, axis=1)
    with np.errstate(invalid="ignore"):
        values = np.concatenate([total / rows for total in sums])  # (2K,)
        resampled = np.hstack([total / drawn_rows for total in drawn])  # (B, 2K)
    spread = np.maximum(np.nanstd(resampled, axis=0), 1e-12)
    width = np.quantile(np.nanmax((resampled - values) / spread, axis=1), confidence)
    at_least = values - width * spread
    found = [
        Harm(name, int(count), float(value), float(bound))
        for name, count, value, bound in zip([*inside] * 2, np.tile(rows, 2), values, at_least, strict=True)
    ]
    return found[: len(inside)], found[len(inside) :]
