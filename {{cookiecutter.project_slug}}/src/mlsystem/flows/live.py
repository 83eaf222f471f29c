"""The running service: a smoke test, and a past day played through its HTTP API."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
from prefect import flow, task
from prefect.artifacts import create_table_artifact

from mlsystem.flows.progress import counted, say
from mlsystem.flows.replay import Replayed, as_request, flights_of, percentiles, replay_day
from mlsystem.settings import Settings, load_settings


@dataclass(frozen=True)
class Served:
    """What the service did during a replay; latencies in milliseconds as the caller saw them."""

    requests: int
    errors: int
    degraded: int
    rows_pushed: int
    p50_ms: float
    p99_ms: float
    rps: float
    metrics: str  # the service's own /metrics text, right after the last request


@task  # no retry: a question asked twice is logged twice
def play(day: date, settings: Settings) -> Served:
    """Play the day against the service that is already running; requests one after the other."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store

    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir, register=False))
    with httpx.Client(base_url=service_url(settings), timeout=10) as client:
        replayed = replay_day(day, settings.validated_dir, online, _asker(client), counted("flights asked", 200))
        metrics = client.get("/metrics").text
    return _served(replayed, metrics)


@flow(name="replay-day")
def replay_one_day(day: date, settings: Settings) -> Served:
    """Start the service, play one past day through it in event-time order, stop it."""
    from mlsystem.serving.run import running_service

    say("starting the service")
    with running_service(settings):
        say(f"replaying {day} against {service_url(settings)}")
        served = play(day, settings)
    shown = {name: value for name, value in vars(served).items() if name != "metrics"}
    create_table_artifact(key="replay", table=[shown])
    return served


@flow(name="serve-smoke")
def serve_smoke() -> dict[str, Any]:
    """Start the service, ask about one real flight, stop it: proves that what is registered can be served."""
    from mlsystem.serving.run import running_service

    settings = load_settings()
    flight = flights_of(settings.last_day, settings.validated_dir)[0][1]
    with running_service(settings), httpx.Client(base_url=service_url(settings), timeout=10) as client:
        started = time.perf_counter()
        answer = client.post("/predict", json=as_request(flight)).raise_for_status().json()
    return {"milliseconds": round((time.perf_counter() - started) * 1000, 1)} | answer["predictions"][0]


def service_url(settings: Settings) -> str:
    return f"http://{settings.serving_host}:{settings.serving_port}"


def _asker(client: httpx.Client) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    def ask(request: dict[str, Any]) -> dict[str, Any] | None:
        response = client.post("/predict", json=request)
        return response.json() if response.is_success else None

    return ask


def _served(replayed: Replayed, metrics: str) -> Served:
    p50, p99 = percentiles(replayed.latencies)
    return Served(
        requests=replayed.requests,
        errors=replayed.errors,
        degraded=replayed.degraded,
        rows_pushed=replayed.rows_pushed,
        p50_ms=round(p50, 2),
        p99_ms=round(p99, 2),
        rps=round(len(replayed.latencies) / sum(replayed.latencies), 1),
        metrics=metrics,
    )
