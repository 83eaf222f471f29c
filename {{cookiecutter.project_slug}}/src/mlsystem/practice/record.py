"""practice/record.jsonl: what was practised, when, and how it went; lines are added.

Each line holds the hash of the line before it, so that one that was changed, moved or taken out before others is found.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlsystem.errors import UserError
from mlsystem.settings import ROOT

FOLDER = ROOT / "practice"  # of the project, not of data/: `make clean` must not take it, and git keeps it
FILE = "record.jsonl"
BEGINNING = "0" * 64


class RecordChanged(UserError):
    """A line of the record is not what was written."""


def add(kind: str, facts: dict[str, Any], folder: Path = FOLDER) -> dict[str, Any]:
    """Add a line and give it back: `kind`, `at` (UTC), the facts, the hash of the line before. Raises RecordChanged."""
    path = folder / FILE
    before = [line for line, _ in _lines(path)]
    entry = {"kind": kind, "at": datetime.now(UTC).isoformat(timespec="seconds"), **facts}
    entry["after"] = _digest(before[-1]) if before else BEGINNING
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return entry


def read(kind: str | None = None, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Every entry, or those of a kind, the oldest first. Raises RecordChanged."""
    entries = [entry for _, entry in _lines(folder / FILE)]
    return [entry for entry in entries if kind in (None, entry["kind"])]


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    expected = BEGINNING
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            after = entry["after"]
        except (ValueError, KeyError, TypeError):
            entry, after = {}, None
        if after != expected:
            raise RecordChanged(
                f"{path} line {number} does not follow from the lines before it: one of them was changed, moved or "
                f"taken out; `git log -p {path.name}` shows which, and `git checkout` brings it back"
            )
        yield line, entry
        expected = _digest(line)


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
