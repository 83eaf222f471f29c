"""A colleague's backfill was never stopped: it tells old facts again, as if they had happened now."""

import sys
from random import Random

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import choices, repairs, sandbox
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

JOB = "backfill_missing.py"
SCRIPT = '''"""Append the facts of a day that seemed to be missing, until the log has all of them."""
import sys, time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
import pyarrow as pa
from mlsystem import storage
from mlsystem.settings import load_settings
from mlsystem.replay.logs import log_path
from mlsystem.streaming.event_log import EventLog
table, key, instant, day = sys.argv[1:]
settings, done = load_settings(), None
rows = storage.Partitions(settings.validated_dir / table).read([date.fromisoformat(day)])
while True:
    with closing(EventLog(log_path(settings))) as log:
        clock = log.clock()
        if clock is not None and clock != done:
            now = clock + timedelta(minutes=1)
            told = rows
            for name in (instant, "known_at"):
                at = told.schema.get_field_index(name)
                field = told.schema.field(at)
                told = told.set_column(at, field, pa.array([now] * len(told), field.type))
            at = told.schema.get_field_index(key)
            new = [f"{one}/{clock:%d%H%M}" for one in told[key].to_pylist()]
            told = told.set_column(at, told.schema.field(at), pa.array(new, told.schema.field(at).type))
            log.append({table: told})
            done = clock
    time.sleep(0.05)
'''
DAYS_BACK = 2  # of which the seed draws one: whatever it tells of, the store has newer rows of as well


def plan(world: World, random: Random) -> Plan:
    table, _ = choices.measured_table()
    facts = next(one for one in PROBLEM.facts if one.table == table.name)
    rows = storage.Partitions(world.theirs.validated_dir / table.name)
    last = world.began.date()
    days = [day for day in rows.days() if day < last][-DAYS_BACK:]
    told = {"table": table.name, "key": table.key, "instant": facts.instant, "day": str(random.choice(days))}
    return Plan("the event log", choices.since(world, random), told)


def strike(world: World, plan: Plan) -> None:
    tools = world.own.settings.data_dir / "tools"
    (tools / JOB).write_text(SCRIPT, encoding="utf-8")
    said = [plan.facts[name] for name in ("table", "key", "instant", "day")]
    sandbox.begin_in(world.own, [sys.executable, "-P", str(tools / JOB), *said], world.own.project)


def mend(world: World, plan: Plan) -> None:
    """End it; and what it told is still in the log, for as long as the longest window."""
    repairs.end_process(world, JOB)
    repairs.backfill(world)


DRILL = Drill(
    name="endless_backfill",
    number=12,
    title="Live and offline disagree",
    entry="the environment",
    needs="a table of facts with a number, beside the one that makes the labels",
    plan=plan,
    places=lambda world: choices.places(
        world, "the event log", "the online store", "the champion", "the service's code"
    ),
    causes=(
        "something else writes facts into the event log",
        "the feed delivers facts twice",
        "a feature is computed differently live than for training",
        "the consumer takes facts in twice",
        "the feed delivers another unit",
    ),
    cause="something else writes facts into the event log",
    mend=mend,
    decoy=repairs.restart_only,
    decoy_is="restart the servers",
    resembles="Knight Capital, 2012: old code that nobody had meant to run any more wrote into the live market (SEC, "
    "release 34-70694)",
    signals=(
        "skew between log and offline features",
        "the score distribution",
        "a caller or a colleague says so",
        "an alert fires",
    ),
    alert="TrainingServingSkew",
    within_hours=28,  # after a night that has a day's questions before it
    strike=strike,
    hints=(
        "The validated facts are in order. What does the consumer see that they do not have?",
        "Count the log's facts of the last hour: `data/drill/data/stream/events.db` is SQLite.",
    ),
)
