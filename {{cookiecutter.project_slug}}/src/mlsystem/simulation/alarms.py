"""What the monitor's checks found in a life, day by day: one JSON line per breach, and the spans that they make."""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from mlsystem import storage
from mlsystem.monitoring.checks import Check

FILE = "alarms.jsonl"
ONE_DAY = timedelta(days=1)


def alarming(checks: Iterable[Check]) -> list[Check]:
    """The breached ones as the alerting rules read them: not scores that drift while labels show that all is well."""
    found = {one.name: one for one in checks}
    performance = found.get("live_performance")
    is_well = performance is not None and performance.value <= performance.limit  # NaN is not known to be well
    return [one for one in found.values() if one.is_breached and not (one.name == "score_drift" and is_well)]


def note(folder: Path, day: date, checks: Iterable[Check], diagnosis: str | None) -> None:
    """Keep what alarms on the day; the last look at a day counts."""
    lines = [line for line in _read(folder) if line["day"] < str(day)]
    lines += [{"day": str(day), "diagnosis": diagnosis, **one.as_json()} for one in alarming(checks)]
    storage.write_text(folder / FILE, "".join(json.dumps(line) + "\n" for line in lines))


def spans(folder: Path, last: date) -> list[dict[str, Any]]:
    """Each run of days on which a check was breached: its name, `since`, `until`, and what the first day said."""
    found: list[dict[str, Any]] = []
    running: dict[str, dict[str, Any]] = {}
    for line in _read(folder):
        day, name = date.fromisoformat(line["day"]), line["name"]
        one = running.get(name)
        if one is None or date.fromisoformat(one["until"]) < day - ONE_DAY:
            one = {key: line[key] for key in ("name", "reason", "diagnosis")} | {"since": str(day)}
            running[name] = one
            found.append(one)
        one["until"] = str(day)
    return [one for one in found if one["since"] <= str(last + ONE_DAY)]


def _read(folder: Path) -> list[dict[str, Any]]:
    path = folder / FILE
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
