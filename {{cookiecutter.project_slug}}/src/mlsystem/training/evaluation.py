"""What probabilities were worth: ranking, calibration, and money under the domain's own costs. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlsystem.contract.costs import Costs
from mlsystem.domain import PROBLEM
from mlsystem.training.calibration import log_loss

BINS = 15
THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(1, 50))


@dataclass(frozen=True)
class Bin:
    """Rows of nearly equal probability: what was predicted on average, and the share that is true."""

    rows: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Evaluation:
    """One model on one part of the split."""

    metrics: Mapping[str, float]
    calibration: tuple[Bin, ...]
    money_curve: tuple[tuple[float, float], ...]  # (act above, cost per 1,000 rows)


def evaluate(probabilities: np.ndarray, label: np.ndarray) -> Evaluation:
    """Everything that is known about `probabilities` (n,) once the outcomes (n,) are."""
    never, always, model = (
        cost_per_1000(acted, label)
        for acted in (np.zeros(len(label), bool), np.ones(len(label), bool), probabilities > PROBLEM.costs.act_above)
    )
    metrics = {
        "rows": float(len(label)),
        "base_rate": float(label.mean()),
        "bias": float(probabilities.mean() - label.mean()),
        **ranking(probabilities, label),
        "log_loss": log_loss(probabilities, label),
        "brier": float(np.mean((probabilities - label) ** 2)),
        "ece": ece(probabilities, label),
        "acted_share": float(np.mean(probabilities > PROBLEM.costs.act_above)),
        "cost_per_1000": model,
        "cost_per_1000_never_act": never,
        "cost_per_1000_always_act": always,
        "saved_per_1000": never - model,
    }
    return Evaluation(metrics, calibration_table(probabilities, label), money_curve(probabilities, label))


def ranking(probabilities: np.ndarray, label: np.ndarray) -> dict[str, float]:
    """`auc` and `pr_auc` (average precision); NaN where all labels are true, or none is."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    if len(np.unique(label)) < 2:
        return {"auc": float("nan"), "pr_auc": float("nan")}
    return {
        "auc": float(roc_auc_score(label, probabilities)),
        "pr_auc": float(average_precision_score(label, probabilities)),
    }


def cost_per_1000(acted: np.ndarray, label: np.ndarray, costs: Costs = PROBLEM.costs) -> float:
    """What 1,000 such rows cost: whole cents added up, divided once."""
    return int(cents(acted, label, costs).sum()) * 10 / len(label)


def cents(acted: np.ndarray, label: np.ndarray, costs: Costs = PROBLEM.costs) -> np.ndarray:
    """What each row cost: (n,) int64."""
    cells = np.array([[costs.of(act, true) for true in (False, True)] for act in (False, True)])
    return cells[acted.astype(int), label.astype(int)]


def calibration_table(probabilities: np.ndarray, label: np.ndarray) -> tuple[Bin, ...]:
    """Up to BINS bins with equally many rows; equal probabilities are never parted."""
    edges = np.unique(np.quantile(probabilities, np.arange(1, BINS) / BINS))
    found = np.searchsorted(edges, probabilities, side="left")
    return tuple(
        Bin(int(inside.sum()), float(probabilities[inside].mean()), float(label[inside].mean()))
        for inside in (found == index for index in np.unique(found))
    )


def ece(probabilities: np.ndarray, label: np.ndarray) -> float:
    """Expected calibration error: |predicted - observed| over the equal-mass bins, weighted by their rows."""
    table = calibration_table(probabilities, label)
    return sum(b.rows * abs(b.predicted - b.observed) for b in table) / len(label)


def money_curve(probabilities: np.ndarray, label: np.ndarray) -> tuple[tuple[float, float], ...]:
    """What 1,000 rows would have cost, had one acted above each threshold."""
    return tuple((above, cost_per_1000(probabilities > above, label)) for above in THRESHOLDS)
