"""From the log to the online store: the one consumer of its group, which computes features and pushes them."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock, Timeout

from mlsystem.contract.problem import OVERDUE
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.features.build import TABLES
from mlsystem.features.recent import RecentFacts
from mlsystem.metrics.consumer import ConsumerMetrics
from mlsystem.streaming.dead_letters import DeadLetters
from mlsystem.streaming.event_classification import REMEMBERED, EventClassifier, Step
from mlsystem.streaming.event_log import EventLog
from mlsystem.streaming.event_validation import EventContract
from mlsystem.streaming.late_corrections import corrections

if TYPE_CHECKING:  # Feast takes 7 s to import, and switches on the warnings of others
    from mlsystem.feature_store.online import OnlineFeatures

GROUP = "features"
BATCH = 5_000  # records read at a time: bounds memory when the consumer is far behind
AHEAD = timedelta(hours=24)  # of event time, computed by one query when the log already has it
FORGET_EVERY = timedelta(hours=6)
VIEW = {view.name: view for view in PROBLEM.views}
MICROSECOND = timedelta(microseconds=1)


class AlreadyConsumed(UserError):
    """Another process consumes this log: two writers of one view could set a row back."""


class FeatureConsumer:
    """Reads facts, keeps the recent ones, and at each clock reading pushes the rows that it brings, then commits.

    At least once, with the effect of once: after a kill it rebuilds its facts from the log up to what it committed and
    does the step after that again, which writes the same rows. It keeps nothing but what the log and the store keep.
    The first clock reading of a log pushes nothing: what was known before it is the store's initial load.
    """

    def __init__(
        self, log: EventLog, online: "OnlineFeatures", lateness: timedelta, metrics: ConsumerMetrics | None = None
    ) -> None:
        """Raises AlreadyConsumed."""
        self._lock = FileLock(log.path.with_suffix(".consumer"))
        try:
            self._lock.acquire(timeout=0)
        except Timeout as held:
            raise AlreadyConsumed(f"a consumer of {log.path} is running; stop it first (`make down`)") from held
        self._log, self._online, self._lateness = log, online, lateness
        self._metrics = metrics or ConsumerMetrics()
        self._dead = DeadLetters(log.path)
        self._begin()

    def catch_up(self, until: datetime | None = None) -> int:
        """Take in what the log has, up to the clock reading `until` or to its end; the number of rows pushed."""
        if self._log.committed(GROUP) != self._committed:
            self._begin()  # the log was cleared for another run
        pushed = 0
        while self._steps or self._read():
            if until is not None and self._steps[0].end.clock > until:
                break
            if self._steps[0].rows is None:
                self._compute()
            pushed += self._push(self._steps[0])
            self._commit(self._steps.popleft())
        return pushed

    def close(self) -> None:
        """Let another process consume."""
        self._dead.close()
        self._lock.release()

    def _begin(self) -> None:
        """Start where the last consumer committed, with the facts that it had."""
        contract = EventContract(self._log.schema)
        self._events, self._steps = EventClassifier(self._lateness, contract, self._dead.offsets()), deque[Step]()
        self._recent: RecentFacts | None = None
        self._committed = self._log.committed(GROUP)
        self._position = 0
        payloads: dict[str, list[str]] = {name: [] for name in TABLES}
        while self._committed is not None and self._position < self._committed.offset:
            records = self._log.read(self._position, min(BATCH, self._committed.offset - self._position))
            taken = (self._events.take(record, has_counted=True) for record in records)
            for step in filter(None, taken):
                for name, texts in step.payloads.items():
                    payloads[name] += texts
            self._position = records[-1].offset
        if self._committed is not None:
            self._remember(payloads, self._committed.clock)

    def _remember(self, payloads: dict[str, list[str]], clock: datetime) -> None:
        facts = {name: self._log.decode(name, payloads.get(name, ())) for name in TABLES}
        self._recent = RecentFacts(facts, clock)
        self._recent.forget()
        self._forgot_at = clock

    def _read(self) -> bool:
        """Read on until there is a step to do; whether there is one."""
        while not self._steps:
            records = self._log.read(self._position, BATCH)
            if not records:
                return False
            self._steps += filter(None, map(self._events.take, records))
            self._position = records[-1].offset
        return True

    def _compute(self) -> None:
        """The rows of the next step; by the same query those of the steps after it, if none of them has late facts."""
        first = self._steps[0]
        if self._recent is None:
            self._remember(first.payloads, first.end.clock)
            first.rows = {}
            return
        if first.late_since is not None:
            first.rows = corrections(self._recent, self._facts([first]), first.late_since, first.end.clock)
            return
        span = [first]
        for step in list(self._steps)[1:]:
            if step.late_since is not None or step.end.clock > first.end.clock + AHEAD:
                break
            span.append(step)
        for name, rows in self._facts(span).items():
            self._recent.add(name, rows)
        after = self._recent.clock
        made = self._recent.advance(span[-1].end.clock)
        for step in span:
            step.rows = {name: between(rows, after, step.end.clock) for name, rows in made.items()}
            after = step.end.clock

    def _facts(self, steps: Iterable[Step]) -> dict[str, pa.Table]:
        texts: dict[str, list[str]] = {}
        for step in steps:
            for name, payloads in step.payloads.items():
                texts.setdefault(name, []).extend(payloads)
        return {name: self._log.decode(name, payloads) for name, payloads in texts.items() if name in TABLES}

    def _push(self, step: Step) -> int:
        pushed, clock = 0, step.end.clock
        # What was made with a late fact missing gives way, as does what a replay of a later day left.
        giving_way = clock if step.late_since is None else step.late_since - MICROSECOND
        for name, rows in (step.rows or {}).items():
            if rows.num_rows:
                written = self._online.push(VIEW[name], rows, giving_way)
                self._metrics.pushed(name, written, pc.max(rows.column("event_timestamp")).as_py())
                pushed += written
                if name == PROBLEM.freshness:
                    self._metrics.heard(overdue(rows))
        self._metrics.stepped(clock, step.outcomes)
        return pushed

    def _commit(self, step: Step) -> None:
        """After the push, never before: what is done twice is harmless, what is not done is lost."""
        self._dead.keep(step.dead)
        if not self._log.commit(GROUP, step.end, self._committed):
            self._begin()
            return
        self._committed = step.end
        if self._recent is not None and step.end.clock >= self._forgot_at + FORGET_EVERY and not self._is_ahead():
            self._recent.forget()
            self._events.forget()
            self._log.trim(step.end.clock - REMEMBERED)
            self._forgot_at = step.end.clock

    def _is_ahead(self) -> bool:
        return bool(self._steps) and self._steps[0].rows is not None


def overdue(rows: pa.Table) -> dict[str, int]:
    """By source table, how many facts are overdue by the newest row of the freshness view."""
    newest = rows.slice(rows.num_rows - 1).to_pylist()[0]
    return {table: newest[f"{OVERDUE}{table}"] for table in PROBLEM.silent_from}


def between(rows: pa.Table, after: datetime, until: datetime) -> pa.Table:
    """The rows made after `after` and up to `until`, of rows in the order of their event_timestamp."""
    bounds = [pa.scalar(moment, pa.timestamp("us", "UTC")).value for moment in (after, until)]
    moments = rows.column("event_timestamp").cast(pa.int64()).to_numpy()
    first, last = moments.searchsorted(bounds, side="right")
    return rows.slice(first, last - first)
