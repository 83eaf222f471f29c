"""Another process holds the online store's file locked: nothing new is written, and what is there grows old."""

import sys
from random import Random

from mlsystem.practice.drills import choices, repairs, sandbox
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

BACKUP = "nightly_backup.py"
SCRIPT = '''"""Copy the online store while nobody writes into it."""
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("BEGIN EXCLUSIVE")
while True:  # the share that it copies to is gone
    time.sleep(60)
'''


def plan(world: World, random: Random) -> Plan:
    return Plan("the online store", choices.since(world, random), {})


def strike(world: World, plan: Plan) -> None:
    tools = world.own.settings.data_dir / "tools"
    (tools / BACKUP).write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, BACKUP, str(world.own.settings.online_dir / "online.db")]
    sandbox.begin_in(world.own, command, tools)


def mend(world: World, plan: Plan) -> None:
    repairs.end_process(world, BACKUP)


DRILL = Drill(
    name="locked_store",
    number=20,
    title="Answers go without what they should know",
    entry="the environment",
    needs="an online store, which every project has",
    plan=plan,
    places=lambda world: choices.places(world, "the online store", "the consumer's code", "the champion", "the feed"),
    causes=(
        "another process holds a file that the system writes",
        "the consumer crashed",
        "the disk is full",
        "a table has stopped coming",
        "the service reads another store than the consumer writes",
    ),
    cause="another process holds a file that the system writes",
    mend=mend,
    decoy=repairs.restart_only,
    decoy_is="restart the servers",
    resembles="Google's study of the outages of an ML pipeline (OpML 2020): most of them were not ML's",
    signals=("the share of degraded answers", "an alert fires", "a caller or a colleague says so"),
    alert="DegradedShare",
    within_hours=16,  # where nobody asks at night, the next morning
    strike=strike,
    hints=("What does the consumer's log say? And who has the file open?",),
)
