"""For every alert the fault that it is there for, planted in a running system and mended again."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from typing import Any

import psutil
import pyarrow as pa

import planted_log
from alert_world import World
from mlsystem import storage
from mlsystem.flows.monitor import look
from mlsystem.serving import checked
from mlsystem.streaming.dead_letters import DeadLetters
from mlsystem.streaming.event_log import microseconds

HOUR = timedelta(hours=1)
Fault = Callable[[World], AbstractContextManager[None]]
FAULTS: dict[str, tuple[str, Fault]] = {}  # alert -> what is broken, in a few words, and how


def fault(what: str, *alerts: str) -> Callable[[Callable[[World], Iterator[None]]], Fault]:
    """Register the fault for the alerts that must fire by it."""

    def register(plant: Callable[[World], Iterator[None]]) -> Fault:
        planted = contextmanager(plant)
        FAULTS.update(dict.fromkeys(alerts, (what, planted)))
        return planted

    return register


@fault("all processes of the service stopped (SIGSTOP)", "ServiceDown")
def frozen(world: World) -> Iterator[None]:
    processes = world.service_processes()
    for process in processes:
        process.suspend()
    yield
    for process in processes:
        process.resume()


@fault("256 callers ask as fast as they are answered", "AvailabilityBurnFast", "AvailabilityBurnSlow")
def overloaded(world: World) -> Iterator[None]:
    world.call([[flight] for flight in world.flights()], rate=None, connections=256)
    yield
    world.call_as_usual()


@fault("callers send 1,000 flights at a time", "LatencyBurn")
def heavy(world: World) -> Iterator[None]:
    world.call([world.flights()[:1] * 1_000], rate=None, connections=4)
    yield
    world.call_as_usual()


@fault("nobody asks", "NoTraffic")
def silent(world: World) -> Iterator[None]:
    world.hush()
    yield
    world.call_as_usual()


@fault("flights of a day for which nothing was pushed", "DegradedShare")
def stale_store(world: World) -> Iterator[None]:
    world.call([[flight] for flight in world.flights(later=timedelta(days=1))], rate=10)
    yield
    world.call_as_usual()


@fault("a table of the online store is gone", "BreakerOpen")
def store_gone(world: World) -> Iterator[None]:
    with closing(sqlite3.connect(world.settings.online_dir / "online.db", isolation_level=None)) as connection:
        connection.execute("ALTER TABLE mlsystem_origin RENAME TO elsewhere")
        yield
        connection.execute("ALTER TABLE elsewhere RENAME TO mlsystem_origin")


@fault("a file where the prediction log's folder was", "PredictionLogFailing")
def log_unwritable(world: World) -> Iterator[None]:
    folder = world.settings.predictions_dir
    hidden = folder.with_name("hidden")
    folder.rename(hidden)
    folder.touch()
    for path in hidden.glob("*.jsonl"):
        path.unlink()  # a worker writes on into a file that it has open, wherever it was moved
    yield
    folder.unlink()
    shutil.copytree(hidden, folder)
    shutil.rmtree(hidden)


@fault("the consumer stopped (SIGSTOP)", "ConsumerDown")
def consumer_frozen(world: World) -> Iterator[None]:
    process = psutil.Process(world.consumer.pid)
    process.suspend()
    yield
    process.resume()


@fault("no weather facts for 4 hours of event time", "FeaturesStale")
def no_weather(world: World) -> Iterator[None]:
    world.append(hours=1, step=HOUR / 4)  # a consumer knows the age of what it has pushed itself
    world.append(hours=4, step=HOUR / 4, without="weather")
    yield
    world.append(hours=2, step=HOUR / 4)


@fault("no arrivals for 8 hours of event time, while flights leave", "SourceSilent")
def no_arrivals(world: World) -> Iterator[None]:
    world.append(hours=1, step=HOUR / 4)
    world.append(hours=8, step=HOUR / 4, without="arrivals")
    yield
    world.append(hours=2, step=HOUR / 4)


@fault("eight days of facts at once", "ConsumerLag")
def backlog(world: World) -> Iterator[None]:
    world.append(hours=8 * 24, step=HOUR)
    yield
    world.wait_for_consumer()


@fault("three events of another program that are none", "DeadLetters")
def bad_events(world: World) -> Iterator[None]:
    with closing(sqlite3.connect(world.log.path)) as connection, connection:
        insert = "INSERT INTO events (table_name, known_at, payload) VALUES ('departures', ?, '{')"
        connection.executemany(insert, [(microseconds(world.clock) + n,) for n in range(3)])
    world.append(hours=0.25, step=HOUR / 4)
    yield
    with closing(DeadLetters(world.log.path)) as letters:
        letters.dismiss()


@fault("the monitor's last look is 30 hours old", "MonitorStale")
def monitor_stopped(world: World) -> Iterator[None]:
    folder = world.settings.predictions_dir
    before = checked.read(folder, time.time())
    assert before is not None
    checked.write(folder, time.time() - 30 * 3_600, before[1])
    yield
    checked.write(folder, time.time(), before[1])


@fault("nine days of scores 0.3 too high, by a champion so new that no label is due", "ScoreDrift")
def scores_jump(world: World) -> Iterator[None]:
    since = (planted_log.LAST - timedelta(days=8)).isoformat()

    def jumped(one: dict[str, Any]) -> dict[str, Any]:
        if one["as_of"] < since:
            return one | {"model_version": "0"}
        return one | {"probability": min(1.0, one["probability"] + 0.3)}

    yield from _looked_at(world, jumped)


@fault("three weeks of probabilities 0.15 too high", "LivePerformance")
def model_off(world: World) -> Iterator[None]:
    yield from _looked_at(world, lambda one: one | {"probability": min(1.0, one["probability"] + 0.15)})


@fault("one stored feature served as 0.01 more than the offline path says", "TrainingServingSkew")
def skewed(world: World) -> Iterator[None]:
    def changed(one: dict[str, Any]) -> dict[str, Any]:
        value = one["stored"].get("origin_late_share_3h")
        return one if value is None else one | {"stored": one["stored"] | {"origin_late_share_3h": value + 0.01}}

    yield from _looked_at(world, changed)


@fault("two days of arrivals are missing", "LabelCoverage")
def no_labels(world: World) -> Iterator[None]:
    arrivals = storage.Partitions(world.batch.validated_dir / "arrivals")
    gone = {day: arrivals.path(day).resolve() for day in planted_log.DAYS[-4:-2]}
    for day in gone:
        arrivals.path(day).unlink()
    yield from _looked_at(world)
    for day, built in gone.items():
        arrivals.path(day).symlink_to(built)
    _look(world)


@fault("5 % of a day's flights in quarantine", "QuarantineShare")
def much_quarantined(world: World) -> Iterator[None]:
    quarantine = storage.Partitions(world.batch.validated_dir / "quarantine/flights")
    day = planted_log.LAST - timedelta(days=1)
    quarantine.write(day, pa.table({"flight_id": ["bad"] * 100}), "planted")
    yield from _looked_at(world)
    quarantine.path(day).unlink()
    _look(world)


@fault("a day with three flights, which validation stopped", "DayStopped")
def day_stopped(world: World) -> Iterator[None]:
    breaches = storage.Partitions(world.batch.validated_dir / "breaches")
    day = planted_log.LAST - timedelta(days=1)
    row = {"service_date": [day], "table": ["days"], "rule": ["few"], "severity": ["critical"], "reason": ["3 flights"]}
    breaches.write(day, pa.table(row | {"rows": [1]}), "planted")
    yield from _looked_at(world)
    breaches.path(day).unlink()
    _look(world)


def _looked_at(world: World, change: planted_log.Change = lambda one: one) -> Iterator[None]:
    """The monitor looks at the log with the fault in it, and later at the log without."""
    _look(world, change)
    yield
    _look(world)


def _look(world: World, change: planted_log.Change = lambda one: one) -> None:
    world.healthy = world.healthy or planted_log.records(world.batch)
    planted_log.write(world.batch, world.healthy, change)
    look.fn(world.batch)
    found = checked.read(world.batch.predictions_dir, time.time())
    assert found is not None
    checked.write(world.settings.predictions_dir, *found)  # where the service looks
