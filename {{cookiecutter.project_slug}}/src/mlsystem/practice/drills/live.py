"""The world as a process of its own: hours pass while the learner looks, and quicker while a repair is checked.

Commands and what came of them are files in the sandbox's folder, so that any command line can talk to it and a kill
leaves nothing but what happened.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import psutil

from mlsystem import child_processes, storage
from mlsystem.practice.drills import grading, sandbox
from mlsystem.practice.drills.choices import HOUR
from mlsystem.practice.drills.reference import Reference
from mlsystem.practice.drills.watcher import SECONDS_AN_HOUR
from mlsystem.practice.drills.world import SESSION, World, WorldStopped, resume
from mlsystem.progress import say
from mlsystem.settings import ROOT, Settings, child_environment, configure_tools, load_settings

LIVE, WANTED, CHECKED, LOG = "live.json", "wanted.json", "checked.json", "live.log"
CHECK_SECONDS = 300.0
TOLD_SECONDS = 2.0  # between two lines about a check
CALLED_LATER = 3  # hours, of which the seed draws one
ASKED_HOURS = 2  # since the fault, in which callers asked: what nobody asks for at night shows nobody anything


def begin(settings: Settings) -> None:
    """Start the process, and let it end with nothing but `drill reset`, the end of the data or its own failure.

    Your time begins.
    """
    home = sandbox.home_of(settings)
    session = json.loads((home / SESSION).read_text(encoding="utf-8"))
    storage.write_json(home / SESSION, session | {"started": datetime.now(UTC).isoformat(timespec="seconds")})
    mark = child_processes.new_mark(child_processes.project_mark(home / "data"), "live")
    with (home / LOG).open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            env=child_environment(settings, **{child_processes.MARK: mark}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    storage.write_json(home / LIVE, {"pid": process.pid, "started": psutil.Process(process.pid).create_time()})


def until_called(world: World) -> None:
    """Let the hours pass after which somebody calls; where the page names an alert, at its pace, until it fires."""
    one, since = world.drill, world.plan.since
    if not one.alert or one.alert not in one.page or not world.watcher.is_there:
        called = one.called_after + Random(f"called {world.seed}").randrange(CALLED_LATER)
        world.play_until(since)
        world.play_asked(ASKED_HOURS)
        world.play_until(since + called * HOUR)
        return
    world.play_until(since - HOUR)
    while one.alert not in world.watcher.firing() and world.clock < since + one.within_hours * HOUR:
        due = time.monotonic() + SECONDS_AN_HOUR
        world.play(1)
        time.sleep(max(0.0, due - time.monotonic()))


def is_live(settings: Settings) -> bool:
    """Whether that process runs."""
    path = sandbox.home_of(settings) / LIVE
    if not path.exists():
        return False
    said = json.loads(path.read_text(encoding="utf-8"))
    return child_processes.Head(said["pid"], said["started"], "").is_alive()


def end(settings: Settings) -> None:
    """No more hours pass by themselves."""
    home = sandbox.home_of(settings)
    child_processes.end(child_processes.marked(f"{child_processes.project_mark(home / 'data')}live:"))
    (home / LIVE).unlink(missing_ok=True)


def live(settings: Settings, seconds_an_hour: float = SECONDS_AN_HOUR) -> None:
    """Be that process."""
    world = resume(settings)
    home = world.own.home
    reference = Reference(settings, world.seed)
    _ = world.asked  # from here on the file is for others
    try:
        while home.exists():
            due = time.monotonic() + seconds_an_hour
            world.play(1)
            while time.monotonic() < due and home.exists():
                if (home / WANTED).exists():
                    _check(world, reference)
                    due = time.monotonic() + seconds_an_hour
                time.sleep(0.1)
    except WorldStopped as stopped:
        print(stopped, file=sys.stderr)
    finally:
        world.stop()


def _check(world: World, reference: Reference) -> None:
    home = world.own.home
    grade = grading.check(world, reference)
    found = {"passed": grade.passed, "failing": [[one.name, one.found] for one in grade.failing]}
    storage.write_json(home / CHECKED, found | {"clock": world.clock.isoformat()})
    (home / WANTED).unlink()


def checked(settings: Settings) -> dict[str, object]:
    """Ask the process for a check, and wait for it. Raises WorldStopped."""
    home = sandbox.home_of(settings)
    (home / CHECKED).unlink(missing_ok=True)
    storage.write_text(home / WANTED, f"{os.getpid()}\n")
    told, deadline = time.monotonic(), time.monotonic() + CHECK_SECONDS
    while (home / WANTED).exists():
        if time.monotonic() > deadline or not is_live(settings):
            raise WorldStopped(f"the world around the sandbox has stopped; {_last(home / LOG)}; `drill reset` ends it")
        if time.monotonic() > told + TOLD_SECONDS:
            say(f"it is {resume(settings).clock:%Y-%m-%d %H:%M} UTC there")
            told = time.monotonic()
        time.sleep(0.1)
    found: dict[str, object] = json.loads((home / CHECKED).read_text(encoding="utf-8"))
    return found


def _last(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return lines[-1] if lines else "its log is empty"


if __name__ == "__main__":
    configure_tools(load_settings())
    live(load_settings())
