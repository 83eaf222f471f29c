"""What was decided and judged, day by day: one JSON line each, beside the models."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from mlsystem import storage

FILE = "retraining.jsonl"


def note(models_dir: Path, day: date, what: Literal["decision", "verdict"], because: str, **found: Any) -> None:
    """Add a line; the file is written aside and renamed, so a kill leaves it whole."""
    lines = [*read(models_dir), {"day": str(day), "what": what, "because": because, **found}]
    storage.write_text(models_dir / FILE, "".join(json.dumps(line) + "\n" for line in lines))


def read(models_dir: Path) -> Iterator[dict[str, Any]]:
    """Every line, in order; none before the first decision."""
    path = models_dir / FILE
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        yield json.loads(line)


def trained_on(models_dir: Path, training: Mapping[str, Any]) -> date:
    """The day of the last retraining, also of one that the gate refused; before the first, what `training` says of
    the champion: the day after the last that it was tuned on."""
    days = [line["day"] for line in read(models_dir) if line["what"] == "decision" and line["version"]]
    if days:
        return date.fromisoformat(days[-1])
    return date.fromisoformat(training["tune"]["last_day"]) + timedelta(days=1)
