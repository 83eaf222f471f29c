"""reports/run.json -> reports/report.html."""

import json
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.reporting import charts, templates

LARGEST = 10  # how many drifting columns the chart shows


def write_report(reports_dir: Path) -> Path:
    """Write the page and give its path. Raises FileNotFoundError if no run has been recorded."""
    source = reports_dir / "run.json"
    if not source.exists():
        raise FileNotFoundError(f"there is no {source}; run `make demo` first")
    page = reports_dir / "report.html"
    with storage.reading(source, "`make demo` writes it anew"):
        text = render(json.loads(source.read_text(encoding="utf-8")))
    storage.write_text(page, text)
    return page


def render(run: dict[str, Any]) -> str:
    """The whole page as one HTML text that needs no network."""
    champion = run["champion"]
    best = run["models"][champion]
    drift = dict(list(run["drift"].items())[:LARGEST])
    return templates.fill(
        "report.html.j2",
        run=run,
        best=best,
        never=run["never_act_cost_per_1000"],
        months=best["months"] | {"all": best["worth"]},
        months_ece=", ".join(wording.number(month["ece"], ".3f") for month in best["months"].values()),
        calibration=charts.calibration(run["curves"]["calibration"], champion),
        money=charts.money(run["curves"]["money"], champion, run["never_act_cost_per_1000"], PROBLEM.costs.act_above),
        seconds=charts.bars(run["stages_seconds"], "seconds"),
        drift=charts.bars(drift, "PSI against training"),
    )
