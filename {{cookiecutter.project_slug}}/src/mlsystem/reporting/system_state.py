"""What can be seen of the system right now: asked over HTTP and read from files, never changed and never mended.

Each look says when it was, and whatever keeps it from seeing becomes its `problem`, a sentence; none of them raises.
"""

import http.client
import json
import sqlite3
import urllib.error
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlsystem import databases
from mlsystem.addresses import address, ask
from mlsystem.errors import UserError
from mlsystem.model_registry import promotions, tracking, versions
from mlsystem.reporting.scrape import NoScrape, Scrape, parse
from mlsystem.retraining import journal
from mlsystem.settings import Settings

NOTHING_COUNTED = Scrape()
PATIENCE_SECONDS = 3.0  # a readiness check that waits for a slow store takes one


@dataclass(frozen=True)
class Service:
    """`problem`: why it would not answer now, or nothing. `is_up`: whether a process answers at all."""

    url: str
    at: datetime
    is_up: bool = False
    problem: str = ""
    model: dict[str, Any] = field(default_factory=dict)
    scrape: Scrape = NOTHING_COUNTED


@dataclass(frozen=True)
class Consumer:
    """The consumer of the event log, by its own metrics."""

    url: str
    at: datetime
    problem: str = ""
    scrape: Scrape = NOTHING_COUNTED


@dataclass(frozen=True)
class Models:
    """Who is champion; every move on record with whether it took effect, and every decision; the newest first."""

    at: datetime
    problem: str = ""
    champion: str | None = None
    challenger: str | None = None
    moves: tuple[tuple[promotions.Promotion, bool], ...] = ()
    notes: tuple[dict[str, Any], ...] = ()  # of retraining/journal.py


@dataclass(frozen=True)
class Monitoring:
    """The last look at the prediction log, as it was written at `at`; `found` is empty if there was none."""

    at: datetime
    problem: str = ""
    found: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    service: Service
    consumer: Consumer
    models: Models
    monitoring: Monitoring


def read_state(settings: Settings) -> State:
    """All four; some 50 ms, or as long as a server that hangs is given."""
    return State(
        read_service(address(settings, "serving").url),
        read_consumer(address(settings, "consumer").url),
        read_models(settings.models_dir),
        read_monitoring(settings.reports_dir / "monitoring.json"),
    )


def read_service(url: str) -> Service:
    at = datetime.now(UTC)
    try:
        status, said = _get(f"{url}/readyz")
        problem = "" if status == 200 else str(json.loads(said)["error"])
        model, scrape = dict(json.loads(_get(f"{url}/model")[1])), parse(_get(f"{url}/metrics")[1])
    except (OSError, http.client.HTTPException) as found:
        return Service(url, at, problem=_no_answer(found))
    except (ValueError, TypeError, KeyError):  # NoScrape is a ValueError
        return Service(url, at, problem="what answers there is another program")
    return Service(url, at, True, problem, model, scrape)


def read_consumer(url: str) -> Consumer:
    at = datetime.now(UTC)
    try:
        return Consumer(url, at, scrape=parse(_get(f"{url}/metrics")[1]))
    except (OSError, http.client.HTTPException) as found:
        return Consumer(url, at, _no_answer(found))
    except NoScrape:
        return Consumer(url, at, "what answers there is another program")


def read_models(models_dir: Path) -> Models:
    at = datetime.now(UTC)
    try:
        databases.check_version(tracking.database(models_dir))
        named = versions.aliases_at_rest(models_dir)
        champion = named.get(versions.CHAMPION)
        moves = tuple(promotions.on_record(models_dir, champion))[::-1]
        notes = tuple(dict(note) for note in journal.read(models_dir))[::-1]
    except UserError as told:
        return Models(at, str(told))
    except (OSError, sqlite3.Error, ValueError, TypeError) as found:  # a torn file, whatever of it is left
        return Models(at, f"the registry in {models_dir} cannot be read ({found}); restore it")
    return Models(at, "", champion, named.get(versions.CHALLENGER), moves, notes)


def read_monitoring(path: Path) -> Monitoring:
    now = datetime.now(UTC)
    try:
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Monitoring(now)
    except (OSError, ValueError) as torn:
        return Monitoring(now, f"{path} cannot be read ({torn}); run `make monitor` again")
    if not isinstance(found, dict):
        return Monitoring(now, f"{path} holds no measurements; run `make monitor` again")
    return Monitoring(at, "", found)


def _no_answer(problem: Exception) -> str:
    return f"no answer ({problem.reason if isinstance(problem, urllib.error.URLError) else problem})"


def _get(url: str) -> tuple[int, str]:
    status, body = ask(url, PATIENCE_SECONDS)
    return status, body.decode("utf-8", "replace")
