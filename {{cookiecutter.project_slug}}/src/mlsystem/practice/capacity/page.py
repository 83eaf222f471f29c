"""reports/capacity.json -> reports/capacity.html."""

import json
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.practice.capacity import pictures
from mlsystem.practice.capacity.bottlenecks import SCALES
from mlsystem.reporting import templates


def write(reports_dir: Path) -> Path:
    """Write the page and give its path."""
    source, page = reports_dir / "capacity.json", reports_dir / "capacity.html"
    with storage.reading(source, "`make capacity` writes it anew"):
        text = render(json.loads(source.read_text(encoding="utf-8")))
    storage.write_text(page, text)
    return page


def render(found: dict[str, Any]) -> str:
    """The whole page as one HTML text that needs no network."""
    check = found["check"]
    return templates.fill(
        "capacity.html.j2",
        room="practice.capacity",
        found=found,
        lines={line["name"]: line for part in found["sheet"] for line in part["lines"]},
        check=check,
        scales=SCALES,
        figure=wording.figure,
        latency=pictures.latency(found["curve"], check["loads"] if check else [], found["load"]["p99_ms"]),
    )
