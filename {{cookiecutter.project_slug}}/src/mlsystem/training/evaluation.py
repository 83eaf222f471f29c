"""What probabilities were worth: ranking, calibration, and dollars under the domain's own costs. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlsystem.domain import costs
from mlsystem.training.calibration import log_loss

BINS = 15
THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(1, 50))


@dataclass(frozen=True)
class Bin:
    """Flights of nearly equal probability: what was predicted on average, and the share that came late."""

    flights: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Evaluation:
    """One model on one part of the split."""

    metrics: Mapping[str, float]
    calibration: tuple[Bin, ...]
    money_curve: tuple[tuple[float, float], ...]  # (warn above, usd per 1,000 flights)


def evaluate(probabilities: np.ndarray, is_late: np.ndarray) -> Evaluation:
    """Everything that is known about `probabilities` (n,) once the outcomes (n,) are."""
    never, always, model = (
        usd_per_1000(is_warned, is_late)
        for is_warned in (np.zeros(len(is_late), bool), np.ones(len(is_late), bool), probabilities > costs.WARN_ABOVE)
    )
    metrics = {
        "flights": float(len(is_late)),
        "late_share": float(is_late.mean()),
        "bias": float(probabilities.mean() - is_late.mean()),
        **ranking(probabilities, is_late),
        "log_loss": log_loss(probabilities, is_late),
        "brier": float(np.mean((probabilities - is_late) ** 2)),
        "ece": ece(probabilities, is_late),
        "warned_share": float(np.mean(probabilities > costs.WARN_ABOVE)),
        "usd_per_1000": model,
        "usd_per_1000_never_warn": never,
        "usd_per_1000_always_warn": always,
        "saved_usd_per_1000": never - model,
    }
    return Evaluation(metrics, calibration_table(probabilities, is_late), money_curve(probabilities, is_late))


def ranking(probabilities: np.ndarray, is_late: np.ndarray) -> dict[str, float]:
    """`auc` and `pr_auc` (average precision); NaN where all flights came late or none did."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    if len(np.unique(is_late)) < 2:
        return {"auc": float("nan"), "pr_auc": float("nan")}
    return {
        "auc": float(roc_auc_score(is_late, probabilities)),
        "pr_auc": float(average_precision_score(is_late, probabilities)),
    }


def usd_per_1000(is_warned: np.ndarray, is_late: np.ndarray, table: costs.Table = costs.COSTS_CENTS) -> float:
    """What 1,000 such flights cost: whole cents added up, divided once."""
    return int(cents(is_warned, is_late, table).sum()) * 10 / len(is_late)


def cents(is_warned: np.ndarray, is_late: np.ndarray, table: costs.Table = costs.COSTS_CENTS) -> np.ndarray:
    """What each flight cost: (n,) int64."""
    cells = np.array([[costs.cost_cents(warned, late, table) for late in (False, True)] for warned in (False, True)])
    return cells[is_warned.astype(int), is_late.astype(int)]


def calibration_table(probabilities: np.ndarray, is_late: np.ndarray) -> tuple[Bin, ...]:
    """Up to BINS bins with equally many flights; equal probabilities are never parted."""
    edges = np.unique(np.quantile(probabilities, np.arange(1, BINS) / BINS))
    found = np.searchsorted(edges, probabilities, side="left")
    return tuple(
        Bin(int(inside.sum()), float(probabilities[inside].mean()), float(is_late[inside].mean()))
        for inside in (found == index for index in np.unique(found))
    )


def ece(probabilities: np.ndarray, is_late: np.ndarray) -> float:
    """Expected calibration error: |predicted - observed| over the equal-mass bins, weighted by their flights."""
    table = calibration_table(probabilities, is_late)
    return sum(b.flights * abs(b.predicted - b.observed) for b in table) / len(is_late)


def money_curve(probabilities: np.ndarray, is_late: np.ndarray) -> tuple[tuple[float, float], ...]:
    """What 1,000 flights would have cost, had one warned above each threshold."""
    return tuple((above, usd_per_1000(probabilities > above, is_late)) for above in THRESHOLDS)
