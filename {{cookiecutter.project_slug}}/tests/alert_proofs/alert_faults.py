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
from mlsystem.domain import PROBLEM
from mlsystem.flows.monitor import measure
from mlsystem.serving import monitor_findings
from mlsystem.streaming.dead_letters import DeadLetters
from mlsystem.streaming.event_log import microseconds
from questions import EXPECTED, SHORTEST_LIVED

HOUR = timedelta(hours=1)
QUARTER = HOUR / 4
LABELS = PROBLEM.label.table
STORED = next(feature.name for view in EXPECTED for feature in view.features if feature.type == "number")
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
def suspended_service(world: World) -> Iterator[None]:
    processes = world.service_processes()
    for process in processes:
        process.suspend()
    yield
    for process in processes:
        process.resume()


@fault("256 callers ask as fast as they are answered", "AvailabilityBurnFast", "AvailabilityBurnSlow")
def too_many_callers(world: World) -> Iterator[None]:
    world.call([[question] for question in world.questions()], rate=None, connections=256)
    yield
    world.call_as_usual()


@fault("callers send 1,000 questions at a time", "LatencyBurn")
def large_requests(world: World) -> Iterator[None]:
    world.call([world.questions()[:1] * 1_000], rate=None, connections=4)
    yield
    world.call_as_usual()


@fault("nobody asks", "NoTraffic")
def no_callers(world: World) -> Iterator[None]:
    world.stop_callers()
    yield
    world.call_as_usual()


@fault("questions of a day for which nothing was pushed", "DegradedShare")
def stale_store(world: World) -> Iterator[None]:
    world.call([[question] for question in world.questions(later=timedelta(days=1))], rate=10)
    yield
    world.call_as_usual()


@fault("a table of the online store is gone", "BreakerOpen")
def missing_store_table(world: World) -> Iterator[None]:
    with closing(sqlite3.connect(world.settings.online_dir / "online.db", isolation_level=None)) as connection:
        connection.execute(f"ALTER TABLE mlsystem_{SHORTEST_LIVED.name} RENAME TO elsewhere")
        yield
        connection.execute(f"ALTER TABLE elsewhere RENAME TO mlsystem_{SHORTEST_LIVED.name}")


@fault("a file where the prediction log's folder was", "PredictionLogFailing")
def unwritable_log(world: World) -> Iterator[None]:
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
def suspended_consumer(world: World) -> Iterator[None]:
    process = psutil.Process(world.consumer.pid)
    process.suspend()
    yield
    process.resume()


@fault("no facts for a view that each fact renews, for an hour beyond its time to live", "FeaturesStale")
def missing_facts(world: World) -> Iterator[None]:
    view = next(view for view in EXPECTED if view.refresh is None)
    world.append(hours=1, step=QUARTER)  # a consumer knows the age of what it has pushed itself
    world.append(hours=view.ttl / HOUR + 1, step=QUARTER, without=view.tables)
    yield
    world.append(hours=2, step=QUARTER)


@fault("none of the facts that make labels for 3 hours of event time, and all others", "SourceSilent")
def silent_source_table(world: World) -> Iterator[None]:
    world.append_until_usual_hour(step=HOUR)
    world.append(hours=3, step=QUARTER, without=(LABELS,))
    yield
    world.append(hours=2, step=QUARTER)


@fault("eight days of facts at once", "ConsumerLag")
def event_backlog(world: World) -> Iterator[None]:
    world.append(hours=8 * 24, step=HOUR)
    yield
    world.wait_for_consumer()


@fault("three events of another program that are none", "DeadLetters")
def bad_events(world: World) -> Iterator[None]:
    with closing(sqlite3.connect(world.log.path)) as connection, connection:
        insert = f"INSERT INTO events (table_name, known_at, payload) VALUES ('{LABELS}', ?, '{{')"
        connection.executemany(insert, [(microseconds(world.clock) + n,) for n in range(3)])
    world.append(hours=0.25, step=QUARTER)
    yield
    with closing(DeadLetters(world.log.path)) as letters:
        letters.dismiss()


@fault("the monitor's last look is 30 hours old", "MonitorStale")
def stale_monitor(world: World) -> Iterator[None]:
    folder = world.settings.predictions_dir
    before = monitor_findings.read(folder, time.time())
    assert before is not None
    monitor_findings.write(folder, time.time() - 30 * 3_600, before[1])
    yield
    monitor_findings.write(folder, time.time(), before[1])


@fault("nine days of scores 0.3 too high, by a champion so new that no label is due", "ScoreDrift")
def shifted_scores(world: World) -> Iterator[None]:
    since = (planted_log.LAST - timedelta(days=8)).isoformat()

    def changed(one: dict[str, Any]) -> dict[str, Any]:
        if one["as_of"] < since:
            return one | {"model_version": "0"}
        return one | {"probability": min(1.0, one["probability"] + 0.3)}

    yield from _monitored(world, changed)


@fault("three weeks of probabilities 0.15 too high", "LivePerformance")
def biased_model(world: World) -> Iterator[None]:
    yield from _monitored(world, lambda one: one | {"probability": min(1.0, one["probability"] + 0.15)})


@fault("one stored feature served as 0.01 more than the offline path says", "TrainingServingSkew")
def skewed_feature(world: World) -> Iterator[None]:
    def changed(one: dict[str, Any]) -> dict[str, Any]:
        value = one["stored"].get(STORED)
        return one if value is None else one | {"stored": one["stored"] | {STORED: value + 0.01}}

    yield from _monitored(world, changed)


@fault("two days of labels are missing", "LabelCoverage")
def missing_labels(world: World) -> Iterator[None]:
    labels = storage.Partitions(world.batch.validated_dir / LABELS)
    gone = {day: labels.path(day).resolve() for day in planted_log.DAYS[-4:-2]}
    for day in gone:
        labels.path(day).unlink()
    yield from _monitored(world)
    for day, built in gone.items():
        labels.path(day).symlink_to(built)
    _run_monitor(world)


@fault("a tenth of a day's questions in quarantine", "QuarantineShare")
def quarantined_rows(world: World) -> Iterator[None]:
    validated = world.batch.validated_dir
    quarantine = storage.Partitions(validated / "quarantine" / PROBLEM.asked_of)
    day = planted_log.LAST - timedelta(days=1)
    bad = storage.Partitions(validated / PROBLEM.asked_of).rows(day) // 10
    quarantine.write(day, pa.table({"question_id": ["bad"] * bad}), "planted")
    yield from _monitored(world)
    quarantine.path(day).unlink()
    _run_monitor(world)


@fault("a day with three questions, which validation stopped", "DayStopped")
def stopped_day(world: World) -> Iterator[None]:
    breaches = storage.Partitions(world.batch.validated_dir / "breaches")
    day = planted_log.LAST - timedelta(days=1)
    said = {"table": PROBLEM.days.name, "rule": "few", "severity": "critical", "reason": "3 questions", "rows": 1}
    breaches.write(day, pa.Table.from_pylist([{"service_date": day} | said]), "planted")
    yield from _monitored(world)
    breaches.path(day).unlink()
    _run_monitor(world)


def _monitored(world: World, change: planted_log.Change = lambda one: one) -> Iterator[None]:
    """The monitor looks at the log with the fault in it, and later at the log without."""
    _run_monitor(world, change)
    yield
    _run_monitor(world)


def _run_monitor(world: World, change: planted_log.Change = lambda one: one) -> None:
    world.healthy = world.healthy or planted_log.records(world.batch)
    planted_log.write(world.batch, world.healthy, change)
    measure.fn(world.batch)
    found = monitor_findings.read(world.batch.predictions_dir, time.time())
    assert found is not None
    monitor_findings.write(world.settings.predictions_dir, *found)  # where the service looks
