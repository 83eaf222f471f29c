"""What became of each record of the log: in time, late, too late, a duplicate or a dead letter.

Decided by the log alone, with the dead letters in it: a clock reading that was ahead of ours stays wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from mlsystem.domain import PROBLEM
from mlsystem.streaming.dead_letters import DeadLetter
from mlsystem.streaming.event_log import Position, Record, microseconds
from mlsystem.streaming.event_validation import EventContract, Key, Refused

REMEMBERED = timedelta(
    days=PROBLEM.lookback_days + 3
)  # what a window can reach, what is known a day ahead, and a day to spare
MOST_AHEAD = timedelta(days=10)  # of the log's clock: no feed was silent for so long; after that, begin a new log
CLOCKS_DIFFER = timedelta(hours=1)  # nothing can be known later than now, by our own clock
NOT_YET = Position(0, datetime.min)


@dataclass
class Step:
    """All that arrived between two clock readings, with the second one."""

    payloads: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    outcomes: Counter[str] = field(default_factory=Counter)  # how many were applied, late, too_late, duplicate, dead
    late_since: datetime | None = None  # when the earliest late fact became known
    dead: list[DeadLetter] = field(default_factory=list)
    end: Position = NOT_YET
    rows: dict[str, pa.Table] | None = None  # by view, once they are computed


class EventClassifier:
    """Sorts records into steps. The same log gives the same steps, however often and from wherever it is read again."""

    def __init__(self, lateness: timedelta, contract: EventContract, dead: Mapping[int, str]) -> None:
        """`dead` has the reasons by offset of what was refused before."""
        self._lateness = lateness
        self._contract = contract
        self._dead = dead
        self._clock: datetime | None = None
        self._seen: dict[tuple[str, str], datetime] = {}
        self._keys: dict[tuple[str, Key], datetime] = {}
        self._step = Step()

    def take(self, record: Record, has_counted: bool = False) -> Step | None:
        """Take the next record; the step that it ends, if it is a clock that moves on.

        What `has_counted` in an earlier life counts, whatever today's rules say.
        """
        try:
            self._check(record, has_counted)
            if record.table is not None:
                self._take_fact(record.table, record, has_counted)
                return None
        except Refused as refused:
            self._step.outcomes["dead"] += 1
            known_at = microseconds(record.known_at)
            letter = DeadLetter(record.offset, record.table, known_at, record.payload, str(refused))
            self._step.dead.append(letter)
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
            self._keys = {key: known for key, known in self._keys.items() if known >= oldest}

    def _check(self, record: Record, has_counted: bool) -> None:
        """Raises Refused for what was refused before, and for a moment that cannot be."""
        if record.offset in self._dead:
            raise Refused(self._dead[record.offset])
        if has_counted:
            return
        if record.known_at > datetime.now(UTC) + CLOCKS_DIFFER:
            raise Refused(f"{record.known_at:%Y-%m-%d %H:%M} UTC is still to come")
        if self._clock is not None and record.known_at > self._clock + MOST_AHEAD:
            ahead = (record.known_at - self._clock).days
            raise Refused(f"{record.known_at:%Y-%m-%d %H:%M} UTC is {ahead:,} days ahead of the log's clock")

    def _take_fact(self, table: str, record: Record, has_counted: bool) -> None:
        step, is_late = self._step, self._clock is not None and record.known_at <= self._clock
        if (table, record.payload) in self._seen:
            step.outcomes["duplicate"] += 1
        elif self._clock is not None and record.known_at <= self._clock - self._lateness:
            step.outcomes["too_late"] += 1
        else:
            keys = [(table, key) for key in self._contract.keys(table, record.known_at, record.payload, has_counted)]
            for _, (name, _) in () if has_counted else filter(self._keys.__contains__, keys):
                raise Refused(f"{name}: another event has the same, and has counted")
            self._keys |= dict.fromkeys(keys, record.known_at)
            self._seen[table, record.payload] = record.known_at
            step.payloads[table].append(record.payload)
            step.outcomes["late" if is_late else "applied"] += 1
            if is_late:
                step.late_since = min(step.late_since or record.known_at, record.known_at)
