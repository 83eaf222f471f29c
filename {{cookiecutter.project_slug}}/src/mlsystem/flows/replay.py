"""A past day played in event-time order: facts reach the store as they became known, questions come 2 hours before."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.domain.features import VIEWS
from mlsystem.domain.request import Flight
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.features import build
from mlsystem.features.recent import RecentFacts

Progress = Callable[[int, int], None]
VIEW = {view.name: view for view in VIEWS}


@dataclass
class Replayed:
    """What a replay sent and got: latencies in seconds, one per request."""

    requests: int = 0
    errors: int = 0
    degraded: int = 0
    rows_pushed: int = 0
    latencies: list[float] = field(default_factory=list)


def replay_day(
    day: date,
    validated_dir: Path,
    online: OnlineFeatures,
    ask: Callable[[dict[str, Any]], dict[str, Any] | None],
    progress: Progress = lambda done, total: None,
) -> Replayed:
    """Play one service date: `ask` gets each flight as a request at its `as_of`; its answer is None if refused."""
    facts = build.read_facts(day, day, validated_dir)
    flights = flights_of(day, validated_dir)
    clock = flights[0][1].as_of - timedelta(minutes=1)
    online.materialise(clock)
    recent = RecentFacts({name: known_between(rows, None, clock) for name, rows in facts.items()}, clock)
    result = Replayed()
    for as_of, due in groupby(flights, key=lambda item: item[1].as_of):
        for name, rows in facts.items():
            recent.add(name, known_between(rows, recent.clock, as_of))
        for name, rows in recent.advance(as_of).items():
            result.rows_pushed += online.push(VIEW[name], rows, as_of)
        for flight_id, flight in due:
            _ask(flight_id, flight, ask, result)
        progress(result.requests, len(flights))
    return result


def flights_of(day: date, validated_dir: Path) -> list[tuple[str, Flight]]:
    """The day's flights with their ids, in the order in which they are predicted; cancelled ones too, as in life."""
    rows = storage.Partitions(validated_dir / "flights").read([day]).to_pylist()
    fields = Flight.__dataclass_fields__
    flights = [(row["flight_id"], Flight(**{name: row[name] for name in fields})) for row in rows]
    return sorted(flights, key=lambda item: (item[1].as_of, item[0]))


def known_between(rows: pa.Table, after: datetime | None, until: datetime) -> pa.Table:
    """The rows that became known after `after` and up to `until`; reference rows count as known from the start."""
    if "known_at" not in rows.schema.names:
        return rows if after is None else rows.slice(0, 0)
    known = rows.column("known_at")
    is_due = pc.less_equal(known, until)
    return rows.filter(is_due if after is None else pc.and_(is_due, pc.greater(known, after)))


def _ask(
    flight_id: str, flight: Flight, ask: Callable[[dict[str, Any]], dict[str, Any] | None], result: Replayed
) -> None:
    started = time.perf_counter()
    answer = ask(as_request(flight))
    result.latencies.append(time.perf_counter() - started)
    result.requests += 1
    if answer is None:
        result.errors += 1
    else:
        result.degraded += answer["predictions"][0]["degraded"]


def as_request(flight: Flight) -> dict[str, Any]:
    """The flight as a caller would send it: only what is known before departure."""
    said = {name: getattr(flight, name) for name in flight.__dataclass_fields__}
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}
    return {"flights": [{name: value for name, value in said.items() if value is not None}]}


def percentiles(latencies: Sequence[float]) -> Iterator[float]:
    """p50 and p99 in milliseconds."""
    ordered = sorted(latencies)
    for share in (0.5, 0.99):
        yield ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000
