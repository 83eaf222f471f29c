"""reports/tradeoffs.json -> reports/tradeoffs.html."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs import pictures
from mlsystem.practice.tradeoffs.grading import verdict
from mlsystem.practice.tradeoffs.service_speed import RATE
from mlsystem.reporting import templates


def write(reports_dir: Path, found: Mapping[str, Any]) -> Path:
    page = reports_dir / "tradeoffs.html"
    storage.write_text(page, render(found))
    return page


def render(found: Mapping[str, Any]) -> str:
    """The whole page as one HTML text that needs no network."""
    axes = found["axes"]
    saved = f"saved, {PROBLEM.per_1000}"
    return templates.fill(
        "tradeoffs.html.j2",
        room="practice.tradeoffs",
        found=found,
        axes=axes,
        own=f"{found['champion']}, all features",
        rate=RATE,
        figure=wording.figure,
        verdict=verdict(found["score"]) if found["score"]["questions"] else "",
        money=pictures.pareto(axes["main"], "p99_ms", "saved", found["front"]["money"], ("answer p99, ms", saved)),
        accuracy=pictures.pareto(
            axes["main"],
            "cost_per_million",
            "auc",
            found["front"]["accuracy"],
            (f"{found['currency']} for a million answers", "AUC"),
        ),
        threshold=pictures.curve(
            [(one["setting"]["threshold"], one["saved"]) for one in axes["threshold"]],
            (f"{PROBLEM.words.act} above probability", saved),
            found["act_above"],
        ),
        freshness=pictures.curve(
            [(one["setting"]["stale_minutes"] / 60, one["saved"]) for one in axes["freshness"]],
            ("hours that the features are older", saved),
            0.0,
        ),
    )
