"""Past days played through the event log: facts are appended as they became known, questions when they are due."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.replay.replay_state import Replayed, Span, State
from mlsystem.replay.timeline import MINUTE, Interval, facts_between, first_asked, intervals, opening
from mlsystem.streaming.consumer import AHEAD, GROUP
from mlsystem.streaming.event_log import EventLog

if TYPE_CHECKING:  # Feast takes 7 s to import, and switches on the warnings of others
    from mlsystem.feature_store.online import OnlineFeatures

Progress = Callable[[datetime, "Replayed"], None]
Ask = Callable[[dict[str, Any]], dict[str, Any] | None]
PATIENCE_SECONDS = 60.0  # for another process to take an interval in


class Consumer(Protocol):
    """What a replay needs of whoever takes the facts in: to be told how far it may go."""

    def catch_up(self, until: datetime | None = None) -> int: ...


class ConsumerGone(UserError):
    """The process that should take the events in does not."""


def begin(span: Span, validated_dir: Path, log: EventLog, online: "OnlineFeatures", state: State) -> None:
    """Load the store, and the log with what windows reach back to; nothing, if a replay of the span is to go on.

    Raises NothingAsked.
    """
    if state.read(span) is not None:
        return
    day = first_asked(span.first, span.last, validated_dir)
    start = opening(day, span.length, validated_dir)
    state.drop()
    load(day, start, validated_dir, log, online)
    state.write(span, start, Replayed())


def load(day: date, moment: datetime, validated_dir: Path, log: EventLog, online: "OnlineFeatures") -> None:
    """The live side as of a moment of the service date: the store's rows, and in the log what windows reach back to.

    A key of which nothing is known keeps the row that it had, until that is older than its TTL.
    """
    log.clear()
    online.materialise(moment)
    log.append(facts_between(day, None, moment, validated_dir), moment)


def load_again(validated_dir: Path, log: EventLog, online: "OnlineFeatures") -> datetime | None:
    """The same as of the log's last clock reading, which is given back, under a feed that goes on; None without one.

    Facts go before that reading and whatever was appended since: a feed does not wait for whoever loads.
    """
    moment = log.forget()
    if moment is not None:
        online.materialise(moment)
        log.prepend(facts_between(moment.astimezone(PROBLEM.zone).date(), None, moment, validated_dir))
    return moment


def replay(
    span: Span,
    validated_dir: Path,
    log: EventLog,
    consumer: Consumer,
    ask: Ask,
    state: State,
    per_request: int = 1,
    speed: float | None = None,
    progress: Progress = lambda moment, counts: None,
) -> Replayed:
    """Play on from where `begin` or a replay that was stopped left it, to the end. The caller drops the state.

    `ask` gets the questions of an interval, up to `per_request` at a time, once all that was known at the interval's
    start is in the store; its answer is None if refused. `speed`: event seconds per second; None is as fast as it goes.
    """
    found = state.read(span)
    assert found is not None, "begin comes first"
    done_until, counts = found
    consumer.catch_up(done_until)
    pace = _Pace(done_until, speed)
    for ahead in _days(intervals(span.first, span.last, span.length, validated_dir, done_until), consumer):
        _append(ahead, log)
        for interval in ahead:
            pace.wait(interval.start)
            counts.rows_pushed += consumer.catch_up(interval.start)
            for request in requests(interval, span.length, per_request):
                _ask(request, ask, counts)
            counts.labels += interval.facts[PROBLEM.label.table].num_rows
            counts.events += sum(rows.num_rows for rows in interval.facts.values())
            state.write(span, interval.start, counts)
            progress(interval.start, counts)
    return counts


@dataclass(frozen=True)
class OtherProcess:
    """A consumer that runs elsewhere (`make consume`): waits for it as long as it goes on, and so many seconds more."""

    log: EventLog
    seconds: float = PATIENCE_SECONDS

    def catch_up(self, until: datetime | None = None) -> int:
        """Wait. Raises ConsumerGone."""
        seen, deadline = None, time.monotonic() + self.seconds
        while until is not None:
            position = self.log.committed(GROUP)
            if position is not None and position.clock >= until:
                break
            if position != seen:
                seen, deadline = position, time.monotonic() + self.seconds
            if time.monotonic() > deadline:
                raise ConsumerGone(f"nothing consumed {self.log.path} for {self.seconds:.0f} s; see `make consume`")
            time.sleep(0.005)
        return 0


@dataclass
class _Pace:
    event_time: datetime
    speed: float | None
    started: float = field(default_factory=time.monotonic)

    def wait(self, moment: datetime) -> None:
        if self.speed is not None:
            due = self.started + (moment - self.event_time).total_seconds() / self.speed
            time.sleep(max(0.0, due - time.monotonic()))


def _days(played: Iterable[Interval], consumer: Consumer) -> Iterator[list[Interval]]:
    """A day of intervals at a time, for a consumer that we tell how far to go; one for one that we do not."""
    ahead: list[Interval] = []
    for interval in played:
        if ahead and (isinstance(consumer, OtherProcess) or interval.start > ahead[0].start + AHEAD):
            yield ahead
            ahead = []
        ahead.append(interval)
    if ahead:
        yield ahead


def _append(ahead: Sequence[Interval], log: EventLog) -> None:
    """Append each interval's facts and its clock, unless the log has them from before a kill."""
    appended_until = log.clock()
    for interval in ahead:
        if appended_until is None or interval.start > appended_until:
            log.append(interval.facts, interval.start)


def requests(interval: Interval, length: timedelta, per_request: int) -> Iterator[dict[str, Any]]:
    """The interval's questions. All are asked as of its start, which is never later than a question's own `as_of`."""
    questions = [as_question(question) for question in interval.questions]
    if length > MINUTE:
        questions = [question | {"as_of": interval.start.isoformat()} for question in questions]
    for first in range(0, len(questions), per_request):
        yield {"questions": questions[first : first + per_request]}


def _ask(request: dict[str, Any], ask: Ask, counts: Replayed) -> None:
    started = time.perf_counter()
    answer = ask(request)
    counts.latencies.append(time.perf_counter() - started)
    counts.requests += 1
    counts.questions += len(request["questions"])
    if answer is None:
        counts.errors += 1
    else:
        counts.degraded += sum(one["degraded"] for one in answer["predictions"])


def as_request(question: Question) -> dict[str, Any]:
    """A request about one question."""
    return {"questions": [as_question(question)]}


def as_question(question: Question) -> dict[str, Any]:
    """The question as a caller would send it."""
    said = {field.name: getattr(question, field.name) for field in PROBLEM.fields}
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}
    return {name: value for name, value in said.items() if value is not None}


def percentiles(latencies: Sequence[float]) -> Iterator[float]:
    """p50 and p99 in milliseconds, of at least one."""
    ordered = sorted(latencies)
    for share in (0.5, 0.99):
        yield ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000
