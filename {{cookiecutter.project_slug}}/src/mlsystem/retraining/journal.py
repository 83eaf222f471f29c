"""What was decided and judged, day by day: one JSON line each, beside the models."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from mlsystem import storage
from mlsystem.errors import UserError

FILE = "retraining.jsonl"


class Refused(UserError):
    """A version that the gate refused is promoted without saying so."""


def note(models_dir: Path, day: date, what: Literal["decision", "verdict"], reason: str, **found: Any) -> None:
    """Add a line, unless it is the last one already; written aside and renamed, so a kill leaves the file whole."""
    line, lines = json.dumps({"day": str(day), "what": what, "reason": reason, **found}), _lines(models_dir)
    if lines[-1:] != [line]:
        storage.write_text(models_dir / FILE, "".join(f"{one}\n" for one in [*lines, line]))


def read(models_dir: Path) -> Iterator[dict[str, Any]]:
    """Every line, in order; none before the first decision. Raises storage.UnreadableState."""
    with _reading(models_dir):
        found = [dict(json.loads(line)) for line in _lines(models_dir)]
    yield from found


def trained_on(models_dir: Path, training: Mapping[str, Any]) -> date:
    """The day of the last retraining, also of one that the gate refused; before the first, the day until which the
    champion learned, as its `training` says."""
    days = [line["day"] for line in read(models_dir) if line["what"] == "decision" and line["version"]]
    if days:
        return date.fromisoformat(days[-1])
    return learned_until(training).date()


def refusal(models_dir: Path, version: str) -> str | None:
    """What the gate's last verdict on the version said against it; None if it let it in, or was never asked."""
    verdicts = [line for line in read(models_dir) if line["what"] == "verdict" and line["version"] == version]
    return str(verdicts[-1]["reason"]) if verdicts and not verdicts[-1]["accepted"] else None


def against(models_dir: Path, version: str, although_refused: bool) -> dict[str, str]:
    """For the record of a promotion by hand: `although_refused`, with what the gate said. Raises Refused."""
    said = refusal(models_dir, version)
    if said is not None and not although_refused:
        raise Refused(
            f"the gate refused version {version} ({said}); if you know better, promote it with --although-refused, "
            "which is put on record"
        )
    return {} if said is None else {"although_refused": said}


def learned_until(training: Mapping[str, Any]) -> datetime:
    """The moment from which on nothing that a version was trained or tuned on was known: 00:00 UTC of a day."""
    after_tune = date.fromisoformat(training["tune"]["last_day"]) + timedelta(days=1)
    day = date.fromisoformat(training["trained_on"]) if "trained_on" in training else after_tune
    return datetime.combine(day, datetime.min.time(), UTC)


def _lines(models_dir: Path) -> list[str]:
    path = models_dir / FILE
    with _reading(models_dir):
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _reading(models_dir: Path) -> AbstractContextManager[None]:
    return storage.reading(models_dir / FILE, "restore it, or move it away: what the gate refused is then forgotten")
