"""reports/experiment.json -> reports/experiment.html."""

import json
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.practice.capacity import experiment_design as design
from mlsystem.practice.capacity import pictures
from mlsystem.reporting import templates


def write(reports_dir: Path) -> Path:
    """Write the page and give its path."""
    source, page = reports_dir / "experiment.json", reports_dir / "experiment.html"
    with storage.reading(source, "`make experiment` writes it anew"):
        text = render(json.loads(source.read_text(encoding="utf-8")))
    storage.write_text(page, text)
    return page


def render(found: dict[str, Any]) -> str:
    """The whole page as one HTML text that needs no network."""
    weeks = found["asked"]["weeks"]
    return templates.fill(
        "experiment.html.j2",
        room="practice.capacity",
        found=found,
        figure=wording.figure,
        most_weeks=design.MOST_WEEKS,
        power={
            name: pictures.power(one["curves"], str(weeks), one["unit"], one["planted"], one["seen"])
            for name, one in found["measures"].items()
        },
    )
