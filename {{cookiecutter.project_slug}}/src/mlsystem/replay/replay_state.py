"""What a replay is asked to play, what it has counted, and where it was stopped."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from mlsystem import storage
from mlsystem.features.build import TABLES
from mlsystem.replay.timeline import MINUTE


@dataclass(frozen=True)
class Span:
    """What to play: service dates, and the length of an interval, whose questions share requests."""

    first: date
    last: date
    length: timedelta = MINUTE


@dataclass
class Replayed:
    """What a replay sent and got: latencies in seconds, one per request."""

    requests: int = 0
    questions: int = 0
    events: int = 0
    labels: int = 0
    errors: int = 0
    degraded: int = 0
    rows_pushed: int = 0
    latencies: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class State:
    """Where a replay is, in a file that is written aside and renamed."""

    path: Path

    def read(self, span: Span) -> tuple[datetime, Replayed] | None:
        """How far a replay of the same span came, and its counts; None if there is none to go on with.

        Raises storage.UnreadableState.
        """
        if not self.path.exists():
            return None
        with self._reading():
            said = json.loads(self.path.read_text(encoding="utf-8"))
            counts, done_until = Replayed(**said["counts"]), datetime.fromisoformat(said["done_until"])
            return (done_until, counts) if said["span"] == _as_text(span) and _is_of_these_tables(said) else None

    def write(self, span: Span, done_until: datetime, counts: Replayed) -> None:
        kept = vars(counts) | {"latencies": []}
        said = {"span": _as_text(span), "tables": TABLES, "done_until": done_until.isoformat(), "counts": kept}
        storage.write_text(self.path, json.dumps(said) + "\n")

    def other_than(self, span: Span) -> Span | None:
        """The span of a replay that was stopped, if it is another one."""
        if not self.path.exists() or self.read(span) is not None:
            return None
        with self._reading():
            said = json.loads(self.path.read_text(encoding="utf-8"))
            if not _is_of_these_tables(said):
                return None
            first, last, _ = said["span"]
            return Span(date.fromisoformat(first), date.fromisoformat(last))

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)

    def _reading(self) -> AbstractContextManager[None]:
        return storage.reading(self.path, "move it away, and the replay begins at its first day")


def _is_of_these_tables(said: dict[str, Any]) -> bool:
    """Whether it had the tables of today's domain: with other ones its log cannot be gone on with."""
    return said.get("tables") == TABLES


def _as_text(span: Span) -> list[str]:
    return [str(span.first), str(span.last), str(span.length)]
