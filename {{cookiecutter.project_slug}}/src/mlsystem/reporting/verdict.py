"""What is wrong with the system as it was seen, one sentence each: pure functions, and limits with their reasons."""

import math
from collections.abc import Iterator
from typing import Any, Literal, TypeGuard

from mlsystem.domain import PROBLEM
from mlsystem.reporting.system_state import Consumer, Models, Monitoring, Service, State

MOST_5XX_SHARE = 0.001  # of the questions since the start: nothing that a caller can send may give one
MOST_SHED_SHARE = 0.01  # refused with 429: a rush that lasted, not one that passed
MOST_DEGRADED_SHARE = 0.01  # of the answers, for one view: a lookup that failed once is no trouble
MOST_P99_SECONDS = 0.25  # the whole budget of the slowest stage, which one in a hundred may spend
MOST_LAG_SECONDS = 3_600  # of event time: beyond it the features of the last hour are empty
MOST_TOO_LATE_SHARE = 0.01  # of the facts: they are left out, so the features are made without them
FEWEST_ANSWERS = 100  # with fewer, one slow or degraded answer is more than 1 in 100; it says so itself
SHED = "429"
PREDICT = "/predict"
REQUESTS, SECONDS = "http_requests_total", "http_request_duration_seconds"
Level = Literal["well", "wrong", "idle"]


def level(state: State, found: list[str]) -> Level:
    """Nothing running, and nothing wrong with what lies there, is neither well nor wrong."""
    if found:
        return "wrong"
    return "well" if state.service.is_up else "idle"


def wrongs(state: State) -> list[str]:
    """All that somebody should look at, what answers callers first. Empty: all is well, or nothing runs."""
    return [
        *_service(state.service),
        *_versions(state.service, state.models),
        *_consumer(state.consumer, state.service),
        *_monitoring(state.monitoring),
    ]


def _service(service: Service) -> Iterator[str]:
    if not service.is_up:
        if "another program" in service.problem:
            yield f"the service is not at {service.url}: {service.problem}"
        return
    if service.problem:
        yield f"the service is not ready: {service.problem}"
    for problem in service.model.get("problems", ()):
        yield f"the service answers, but {problem}"
    seen = service.scrape
    answers, slowest = seen.total("predictions_total"), seen.quantile(SECONDS, 0.99, route=PREDICT)
    for name, share, most in (
        ("questions ended in a 5xx", status_share(service, "5"), MOST_5XX_SHARE),
        ("questions were shed with 429", status_share(service, SHED), MOST_SHED_SHARE),
    ):
        if share > most:
            yield f"{share:.2%} of the {name} (at most {most:.1%})"
    for view, count in seen.by("degraded_predictions_total", "view").items():
        if answers >= FEWEST_ANSWERS and count / answers > MOST_DEGRADED_SHARE:
            yield f"{count / answers:.2%} of the answers went without {view} (at most {MOST_DEGRADED_SHARE:.0%})"
    if slowest is not None and answers >= FEWEST_ANSWERS and slowest > MOST_P99_SECONDS:
        yield f"p99 is {slowest * 1000:.0f} ms (at most {MOST_P99_SECONDS * 1000:.0f})"
    if lost := seen.total("prediction_log_failures_total"):
        yield f"{lost:,.0f} predictions were answered and not logged"


def status_share(service: Service, begins: str) -> float:
    """The share of the questions whose HTTP status begins so."""
    statuses = service.scrape.by(REQUESTS, "status", route=PREDICT)
    asked = sum(statuses.values())
    return sum(count for status, count in statuses.items() if status.startswith(begins)) / asked if asked else 0.0


def _versions(service: Service, models: Models) -> Iterator[str]:
    if models.problem:
        yield models.problem
        return
    if (although := refused_champion(models)) is not None:
        yield f"version {models.champion} is champion although the gate refused it: {although}"
    answering, why = service.model.get("version"), service.model.get("refused")
    if answering and models.champion and answering != models.champion:
        because = f": {why}" if why else "; it should take it up within seconds"
        yield f"version {answering} answers and the champion is {models.champion}{because}"
    elif why:
        yield str(why)


def refused_champion(models: Models) -> str | None:
    """What the gate said against the champion, if a person promoted it all the same."""
    moves = [move for move, took_effect in models.moves if took_effect and move.to_version == models.champion]
    return moves[0].evidence.get("although_refused") if moves else None


def _consumer(consumer: Consumer, service: Service) -> Iterator[str]:
    if consumer.problem:
        if service.is_up:
            yield f"no consumer at {consumer.url}: features grow old, unless a replay consumes; see `make consume`"
        return
    seen = consumer.scrape
    if (lag := seen.total("consumer_lag_seconds")) > MOST_LAG_SECONDS:
        yield f"the consumer is {lag / 3600:.1f} h of event time behind (at most {MOST_LAG_SECONDS / 3600:g})"
    facts = seen.by("consumed_events_total", "outcome")
    if facts.get("too_late", 0.0) > MOST_TOO_LATE_SHARE * sum(facts.values()):
        yield f"{facts['too_late']:,.0f} of {sum(facts.values()):,.0f} facts came too late and were left out"
    limits = seen.by("overdue_facts_limit", "table")
    for table, overdue in seen.by("overdue_facts", "table").items():
        if overdue >= limits.get(table, math.inf):
            yield f"{table} are silent: {overdue:.0f} facts are overdue, and answers go without what is made from them"
    ages = seen.by("newest_row_age_seconds", "view")
    for view in PROBLEM.views:
        if view.is_expected and ages.get(view.name, 0.0) > view.ttl.total_seconds():
            yield f"the newest row of {view.name} is {ages[view.name] / 3600:.1f} h old: answers go without it"


def _monitoring(monitoring: Monitoring) -> Iterator[str]:
    if monitoring.problem:
        yield monitoring.problem
    held = checks(monitoring)
    for one in held:
        if is_breached(one):
            yield f"{str(one.get('name')).replace('_', ' ')} is beyond its limit: {one.get('reason')}"
    interval = part(monitoring, "performance").get("gap_interval")
    if not held and is_interval(interval) and (interval[0] > 0 or interval[1] < 0):
        way = "more" if interval[0] > 0 else "fewer"
        off = f"90 % interval {interval[0]:+} to {interval[1]:+}"
        yield f"the probabilities promise {way} {PROBLEM.words.positive} {PROBLEM.words.questions} than came ({off})"


def checks(monitoring: Monitoring) -> list[dict[str, Any]]:
    """What monitoring held against a limit: name, value, limit, because."""
    found = monitoring.found.get("checks")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def is_breached(check: dict[str, Any]) -> bool:
    """Above its limit; what is not known yet (NaN, or nothing) is not."""
    value, limit = check.get("value"), check.get("limit")
    return isinstance(value, int | float) and isinstance(limit, int | float) and value > limit


def part(monitoring: Monitoring, name: str) -> dict[str, Any]:
    """One part of the measurements; empty if it is not there, or is something else."""
    found = monitoring.found.get(name)
    return found if isinstance(found, dict) else {}


def is_interval(found: object) -> TypeGuard[list[float]]:
    return isinstance(found, list) and len(found) == 2 and all(isinstance(end, int | float) for end in found)
