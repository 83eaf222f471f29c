"""What was decided and judged, day by day: one JSON line each, beside the models."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from mlsystem import storage

FILE = "retraining.jsonl"


def note(models_dir: Path, day: date, what: Literal["decision", "verdict"], because: str, **found: Any) -> None:
    """Add a line, unless it is the last one already; written aside and renamed, so a kill leaves the file whole."""
    line, lines = json.dumps({"day": str(day), "what": what, "because": because, **found}), _lines(models_dir)
    if lines[-1:] != [line]:
        storage.write_text(models_dir / FILE, "".join(f"{one}\n" for one in [*lines, line]))


def read(models_dir: Path) -> Iterator[dict[str, Any]]:
    """Every line, in order; none before the first decision."""
    yield from map(json.loads, _lines(models_dir))


def trained_on(models_dir: Path, training: Mapping[str, Any]) -> date:
    """The day of the last retraining, also of one that the gate refused; before the first, what `training` says of
    the champion: the day after the last that it was tuned on."""
    days = [line["day"] for line in read(models_dir) if line["what"] == "decision" and line["version"]]
    if days:
        return date.fromisoformat(days[-1])
    return date.fromisoformat(training["tune"]["last_day"]) + timedelta(days=1)


def _lines(models_dir: Path) -> list[str]:
    path = models_dir / FILE
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
