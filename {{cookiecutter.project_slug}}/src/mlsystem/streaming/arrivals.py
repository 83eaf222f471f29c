"""What became of each record of the log: in time, late, too late or a duplicate; decided by the log alone."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa

from mlsystem.domain.calendar import LOOKBACK_DAYS
from mlsystem.streaming.event_log import Position, Record

REMEMBERED = timedelta(days=LOOKBACK_DAYS + 3)  # what a window can reach, a timetable's day ahead, and a day to spare
NOT_YET = Position(0, datetime.min)


@dataclass
class Step:
    """All that arrived between two clock readings, with the second one."""

    payloads: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    outcomes: Counter[str] = field(default_factory=Counter)  # how many were applied, late, too_late, duplicate
    late_since: datetime | None = None  # when the earliest late fact became known
    end: Position = NOT_YET
    rows: dict[str, pa.Table] | None = None  # by view, once they are computed


class Arrivals:
    """Sorts records into steps. The same log gives the same steps, however often and from wherever it is read again."""

    def __init__(self, lateness: timedelta) -> None:
        self._lateness = lateness
        self._clock: datetime | None = None
        self._seen: dict[tuple[str, str], datetime] = {}
        self._step = Step()

    def take(self, record: Record) -> Step | None:
        """Take the next record; the step that it ends, if it is a clock that moves on."""
        if record.table is not None:
            self._take_fact(record.table, record)
            return None
        if self._clock is not None and record.known_at <= self._clock:
            return None  # a clock that goes back says nothing new
        self._clock = record.known_at
        step, self._step = self._step, Step()
        step.end = Position(record.offset, record.known_at)
        return step

    def forget(self) -> None:
        """Drop what is too old to be delivered again without being too late."""
        if self._clock is not None:
            oldest = self._clock - REMEMBERED
            self._seen = {key: known for key, known in self._seen.items() if known >= oldest}

    def _take_fact(self, table: str, record: Record) -> None:
        step, is_late = self._step, self._clock is not None and record.known_at <= self._clock
        if (table, record.payload) in self._seen:
            step.outcomes["duplicate"] += 1
        elif self._clock is not None and record.known_at <= self._clock - self._lateness:
            step.outcomes["too_late"] += 1
        else:
            self._seen[table, record.payload] = record.known_at
            step.payloads[table].append(record.payload)
            step.outcomes["late" if is_late else "applied"] += 1
            if is_late:
                step.late_since = min(step.late_since or record.known_at, record.known_at)
