"""reports/year.json -> reports/year.html: a life of the system on one page."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.reporting import charts, templates

POLICIES = ("frozen", "loop", "calendar, no gate", "trigger alone")


def write_year(reports_dir: Path) -> Path:
    """Write the page and give its path. Raises FileNotFoundError if no life has been lived."""
    source = reports_dir / "year.json"
    if not source.exists():
        raise FileNotFoundError(f"there is no {source}; run `make year` first")
    page = reports_dir / "year.html"
    storage.write_text(page, render(json.loads(source.read_text(encoding="utf-8"))))
    return page


def render(year: Mapping[str, Any]) -> str:
    """The whole page as one HTML text that needs no network."""
    months = year["months"]
    saved = {p: {m: {"saved": found} for m, found in year["saved"][p].items()} for p in POLICIES if p != "frozen"}
    since = [one["since"] for one in year["champions"][1:]]
    return templates.fill(
        "year.html.j2",
        room="simulation",
        year=year,
        loop=year["policies"]["loop"],
        policies=POLICIES,
        names=[f"{date.fromisoformat(month + '-01'):%B}" for month in months["loop"]],
        keys=list(months["loop"]),
        auc=charts.months(months, "auc", "AUC", "loop", since),
        money=charts.months(saved, "saved", f"saved, {PROBLEM.per_1000}", "loop", since),
    )
