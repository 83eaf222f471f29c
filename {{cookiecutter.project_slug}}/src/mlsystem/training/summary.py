"""A comparison as plain data: what the report, the run file and the README quote."""

from dataclasses import asdict
from typing import Any

from mlsystem.training.compare import Comparison, Result

PARTS = ("train", "tune", "test")
REPORTED = ("auc", "pr_auc", "log_loss", "brier", "ece", "bias", "cost_per_1000")
WEAKEST = 8  # slices shown


def summarise(comparison: Comparison) -> dict[str, Any]:
    """JSON-ready: every candidate's figures on test, curves, the champion's weakest slices, the split."""
    winner = comparison.winner
    return {
        "rows": sum(comparison.about[part]["rows"] for part in PARTS),
        "champion": comparison.chosen,
        "models": {name: _figures(result) for name, result in comparison.results.items()},
        "never_act_cost_per_1000": winner.test.metrics["cost_per_1000_never_act"],
        "split": {part: comparison.about[part] for part in PARTS},
        "curves": {
            "calibration": {n: [asdict(point) for point in r.test.calibration] for n, r in comparison.results.items()},
            "money": {n: [list(point) for point in r.test.money_curve] for n, r in comparison.results.items()},
        },
        "reasons": dict(winner.reasons),
        "without_hindsight": {
            "auc": comparison.without_hindsight["auc"],
            "dearer_per_1000": comparison.without_hindsight["cost_per_1000"] - winner.test.metrics["cost_per_1000"],
        },
        "sensitivity": [dict(one) for one in winner.sensitivity],
        "weakest_slices": [asdict(one) for one in sorted(winner.slices, key=lambda one: one.auc)[:WEAKEST]],
    }


def _figures(result: Result) -> dict[str, Any]:
    figures = {name: result.test.metrics[name] for name in REPORTED}
    return figures | {
        "variants": {how: {name: found[name] for name in REPORTED} for how, found in result.variants.items()},
        "is_calibrated": not result.fitted.calibration.is_identity,
        "worth": asdict(result.worth),
        "months": {month: asdict(found) for month, found in result.months.items()},
        "predict_ms_p50": result.latency_ms,
        "fit_seconds": result.fitted.seconds,
    }
