"""Another process holds the online store's file locked: nothing new is written, and what is there grows old."""

import subprocess
import sys
from contextlib import suppress
from random import Random

import psutil

from mlsystem import child_processes
from mlsystem.practice.drills import choices, repairs
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
    mark = child_processes.new_mark(child_processes.project_mark(world.own.settings.data_dir), "backup")
    subprocess.Popen(
        [sys.executable, BACKUP, str(world.own.settings.online_dir / "online.db")],
        cwd=tools,
        env=world.own.environment() | {child_processes.MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def mend(world: World, plan: Plan) -> None:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cmdline()[1:2] == [BACKUP] and str(world.own.home) in " ".join(process.cmdline()):
                process.kill()
                process.wait(10)


def decoy(world: World, plan: Plan) -> None:
    repairs.restart(world)


DRILL = Drill(
    name="locked-store",
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
    decoy=decoy,
    decoy_is="restart the servers",
    resembles="Google's study of the outages of an ML pipeline (OpML 2020): most of them were not ML's",
    strike=strike,
)
