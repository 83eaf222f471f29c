"""The running service: a smoke test, and a past day played through its HTTP API."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from mlsystem.addresses import service_url
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.progress import say
from mlsystem.replay.replay import (
    PATIENCE_SECONDS,
    Consumer,
    OtherProcess,
    Progress,
    Replayed,
    Span,
    State,
    as_request,
    begin,
    percentiles,
    replay,
)
from mlsystem.replay.timeline import MINUTE, questions_of
from mlsystem.settings import Settings, load_settings

SAY_EVERY = timedelta(hours=4)  # of event time


@dataclass(frozen=True)
class Served:
    """What the service did during a replay; latencies in milliseconds as the caller saw them."""

    requests: int
    questions: int
    events: int
    labels: int
    errors: int
    degraded: int
    rows_pushed: int
    p50_ms: float | None  # None if a stop left nothing to ask
    p99_ms: float | None
    rps: float | None
    metrics: str  # the service's own /metrics text, right after the last request


class NothingToAsk(UserError):
    """No question of the day is known."""


class Unanswered(UserError):
    """Questions of a replay that the service refused, and what it `served` all the same."""

    served: Served


def check_answered(served: Served) -> None:
    """Raises Unanswered."""
    if served.errors:
        refused = Unanswered(f"{served.errors:,} of {served.requests:,} requests were refused; `make status` says why")
        refused.served = served
        raise refused


@task(cache_policy=NO_CACHE)  # no retry: a question asked twice is logged twice
def play(span: Span, settings: Settings, speed: float | None = None, progress: Progress | None = None) -> Served:
    """Play the days against the service that is already running; requests one after the other.

    Events go through the log to the consumer that runs, or to one of this process. The caller drops the state when it
    has done the rest of what there is to do with the days: until then a stop is gone on from.
    """
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store
    from mlsystem.flows.consume import log_path, make_consumer
    from mlsystem.streaming.consumer import AlreadyConsumed
    from mlsystem.streaming.event_log import EventLog

    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir, register=False))
    log, state = EventLog(log_path(settings)), state_of(settings)
    if state.read(span) is not None:
        say("  going on with the replay that was stopped")
    begin(span, settings.validated_dir, log, online, state)
    per_request = 1 if span.length == MINUTE else settings.max_questions_per_request
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=service_url(settings), timeout=30, trust_env=False))
        consumer: Consumer = OtherProcess(log)
        with suppress(AlreadyConsumed):
            consumer = stack.enter_context(closing(make_consumer(settings, log, online)))
        played = replay(
            span,
            settings.validated_dir,
            log,
            consumer,
            _asker(client),
            state,
            per_request,
            speed,
            progress or _hourly(),
        )
        metrics = client.get("/metrics").text
    return _served(played, metrics)


@flow(name="replay-days", validate_parameters=False)
def replay_days(span: Span, settings: Settings, speed: float | None = None) -> Served:
    """Play past days in event-time order through the service that runs, or through one that is started for it.

    Raises Unanswered.
    """
    from mlsystem.processes.manager import a_service, as_running

    settings = as_running(settings)
    with a_service(settings):
        say(f"replaying {span.first} to {span.last} against {service_url(settings)}")
        served = play(span, settings, speed)
    state_of(settings).drop()
    shown = {name: value for name, value in vars(served).items() if name != "metrics"}
    create_table_artifact(key="replay", table=[shown])
    check_answered(served)
    return served


@flow(name="serve-smoke")
def serve_smoke() -> dict[str, Any]:
    """Ask one real question, of the service that runs or of one started for it: the champion can be served."""
    from mlsystem.processes.manager import a_service, as_running

    settings = as_running(load_settings())
    question = question_to_ask(settings)
    with a_service(settings), httpx.Client(base_url=service_url(settings), timeout=10, trust_env=False) as client:
        started = time.perf_counter()
        answer = client.post("/predict", json=as_request(question)).raise_for_status().json()
    say(f"asked: {as_curl(question, settings)}")
    return {"milliseconds": round((time.perf_counter() - started) * 1000, 1)} | answer["predictions"][0]


def question_to_ask(settings: Settings) -> Question:
    """The first question that is due when the event log's clock stands still: what the online store holds is for it.

    Without a replay, the first of the last day; an answer about it is degraded, and says so. Raises NothingToAsk.
    """
    from mlsystem.replay.system_clock import NoClock, today
    from mlsystem.replay.system_clock import now as clock

    try:
        day, moment = today(settings), clock(settings)
    except NoClock:
        day, moment = settings.last_day, datetime.min.replace(tzinfo=UTC)
    questions = questions_of(day, settings.validated_dir)
    if not questions:
        raise NothingToAsk(
            f"there are no validated {PROBLEM.words.questions} of {day}; run `make ingest`, or `make demo`"
        )
    return next((question for question in questions if question.as_of >= moment), questions[-1])


def as_curl(question: Question, settings: Settings) -> str:
    """The question as a line for a shell."""
    url, said = f"{service_url(settings)}/predict", json.dumps(as_request(question))
    return f"curl -s {url} -H 'content-type: application/json' -d '{said}'"


def state_of(settings: Settings) -> State:
    """Where a replay keeps how far it is."""
    return State(settings.stream_dir / "replay.json")


def _hourly() -> Progress:
    """Say how far a replay is, each few hours of event time."""
    told, asked = list[datetime](), PROBLEM.words.questions

    def tell(moment: datetime, counts: Replayed) -> None:
        if not told or moment >= told[-1] + SAY_EVERY:
            told.append(moment)
            say(f"  {moment:%Y-%m-%d %H:%M} UTC: {counts.questions:,} {asked} asked, {counts.events:,} events")

    return tell


def _asker(client: httpx.Client) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """Asks again, as any caller would, when the process that should have answered is gone; not when it refuses."""

    def ask(request: dict[str, Any]) -> dict[str, Any] | None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                response = client.post("/predict", json=request)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return response.json() if response.is_success else None

    return ask


def _served(replayed: Replayed, metrics: str) -> Served:
    latencies = replayed.latencies  # since the last stop
    p50, p99 = (round(one, 2) for one in percentiles(latencies)) if latencies else (None, None)
    return Served(
        requests=replayed.requests,
        questions=replayed.questions,
        events=replayed.events,
        labels=replayed.labels,
        errors=replayed.errors,
        degraded=replayed.degraded,
        rows_pushed=replayed.rows_pushed,
        p50_ms=p50,
        p99_ms=p99,
        rps=round(len(latencies) / sum(latencies), 1) if latencies else None,
        metrics=metrics,
    )
