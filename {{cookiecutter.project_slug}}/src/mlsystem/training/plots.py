"""Three pictures of a comparison, as files: calibration, money, ranking. No pyplot: no global state, no display."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mlsystem.domain import PROBLEM
from mlsystem.training.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_plots(comparison: Comparison, folder: Path) -> list[Path]:
    """Write calibration.png, money.png and ranking.png of all candidates on test."""
    folder.mkdir(parents=True, exist_ok=True)
    plots: dict[str, tuple[Callable[[Axes, Comparison], None], ...]] = {
        "calibration": (_calibration,),
        "money": (_money,),
        "ranking": (_roc, _precision_recall),
    }
    return [_write(folder / f"{name}.png", drawings, comparison) for name, drawings in plots.items()]


def _write(path: Path, drawings: tuple[Callable, ...], comparison: Comparison) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(drawings), 4.5), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(drawings)))
    for axis, draw in zip(axes, drawings, strict=True):
        draw(axis, comparison)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    figure.savefig(path, dpi=100)
    return path


def _calibration(axis: "Axes", comparison: Comparison) -> None:
    axis.plot([0, 1], [0, 1], color="grey", linewidth=1, label="says what happens")
    for result in comparison.results.values():
        bins = result.test.calibration
        axis.plot([b.predicted for b in bins], [b.observed for b in bins], marker="o", markersize=3, label=result.name)
    axis.set(xlabel="predicted probability", ylabel="share that is true", title="Calibration, test rows")


def _money(axis: "Axes", comparison: Comparison) -> None:
    for result in comparison.results.values():
        axis.plot(*zip(*result.test.money_curve, strict=True), label=result.name)
    metrics = comparison.winner.test.metrics
    axis.axhline(metrics["cost_per_1000_never_act"], color="grey", linewidth=1, label="never act")
    axis.axhline(metrics["cost_per_1000_always_act"], color="grey", linewidth=1, linestyle="--", label="always act")
    axis.axvline(PROBLEM.costs.act_above, color="black", linewidth=1, linestyle=":", label="act above, by cost")
    axis.set(
        xlabel="act above this probability",
        ylabel=PROBLEM.per_1000,
        title="Money, test rows",
    )


def _roc(axis: "Axes", comparison: Comparison) -> None:
    from sklearn.metrics import roc_curve

    for result in comparison.results.values():
        false_positives, true_positives, _ = roc_curve(comparison.outcomes, result.scores)
        axis.plot(false_positives, true_positives, label=f"{result.name} {result.test.metrics['auc']:.3f}")
    axis.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC, with AUC")


def _precision_recall(axis: "Axes", comparison: Comparison) -> None:
    from sklearn.metrics import precision_recall_curve

    for result in comparison.results.values():
        precision, recall, _ = precision_recall_curve(comparison.outcomes, result.scores)
        axis.plot(recall, precision, label=f"{result.name} {result.test.metrics['pr_auc']:.3f}")
    axis.axhline(float(comparison.outcomes.mean()), color="grey", linewidth=1, label="base rate")
    axis.set(xlabel="recall", ylabel="precision", title="Precision and recall, with PR-AUC")
