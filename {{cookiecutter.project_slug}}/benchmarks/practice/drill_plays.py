"""A drill, played for what it has to show: its repairs, its alert, its money. Each play in a sandbox of its own."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlsystem import child_processes
from mlsystem.practice.drills import debrief, grading, repairs, responses, sandbox
from mlsystem.practice.drills.choices import HOUR
from mlsystem.practice.drills.drill import Drill
from mlsystem.practice.drills.grading import Grade
from mlsystem.practice.drills.reference import Reference
from mlsystem.practice.drills.responses import REACTION, REPAIR
from mlsystem.practice.drills.watcher import SECONDS_AN_HOUR
from mlsystem.practice.drills.world import World, start
from mlsystem.settings import Settings

ANSWERED = "every question is answered"
DEGRADED = "the share of degraded answers"
SHOWN_BY = {  # a signal, and the invariants of which one fails where it is to be seen
    DEGRADED: {"answers go without no view"},
    "errors or slow answers": {ANSWERED, "answers come in time"},
}


@dataclass(frozen=True)
class Proof:
    """The invariants that failed after each response; `seconds` from the start to a passed check, without decoys."""

    drill: str
    seed: int
    unsolved: list[str]
    decoy: list[str]
    restarted: list[str] | None  # None where the decoy is a restart
    mended: list[str]
    gone: list[str]
    is_restored: bool
    left: int  # processes
    seconds: float

    def faults(self, one: Drill) -> list[str]:
        """What is not as it should be, each as a sentence."""
        is_none = one.is_none
        found = {
            "it is over although nobody did anything": not is_none and not self.unsolved,
            f"nothing was wrong, and yet: {self.unsolved}": is_none and bool(self.unsolved),
            "it is over by the decoy": not self.decoy,
            "it is over by a restart": not is_none and self.restarted == [],
            f"the reference repair does not end it: {self.mended}": bool(self.mended),
            "a system that was taken down is called well": ANSWERED not in self.gone,
            "the user's own files are not what they were": not self.is_restored,
            f"{self.left} processes are left": self.left > 0,
        }
        for signal, invariants in SHOWN_BY.items():
            if signal in one.may_show or (signal == DEGRADED and ANSWERED in self.unsolved):
                continue  # of answers that were not given nothing can be said
            is_shown = bool(invariants & {*self.unsolved})
            shown = "shown" if is_shown else "not shown"
            found[f"{signal}: {shown}, and the drill says otherwise"] = is_shown != (signal in one.signals)
        return [told for told, is_so in found.items() if is_so]


def prove(built: Settings, one: Drill, seed: int, folder: Path) -> Proof:
    """All of it, in a sandbox of its own below `folder`, on the system in `built`, which is only read."""
    before = digests(built.data_dir)
    began = time.monotonic()
    with going_on(built, folder, one, seed) as world:
        reference = Reference(world.theirs, world.seed)
        world.play_until(world.plan.since + REACTION)
        started = time.monotonic() - began
        unsolved = failing(look(world, reference))
        restarted = None
        if one.decoy is not repairs.restart_only:
            repairs.restart(world)
            restarted = failing(look(world, reference))
        was = world.own.git("rev-parse", "HEAD").strip()
        one.decoy(world, world.plan)
        decoy = failing(look(world, reference))
        world.own.git("reset", "--hard", was)  # a decoy that was a commit is not part of the repair
        began = time.monotonic()
        one.mend(world, world.plan)
        mended = [f"{one.name}: {one.found}" for one in grading.check(world, reference).failing]
        graded = time.monotonic() - began
        world.own.run("down")
        world.is_behind = True  # nobody waits for a consumer that was told to stop
        gone = failing(grading.check(world, reference, settle=0, judged=2, again=0))
        place = child_processes.project_mark(world.own.settings.data_dir)
    left = len(child_processes.marked(place))
    is_restored = digests(built.data_dir) == before and not world.own.home.exists()
    seconds = round(started + graded, 1)
    return Proof(one.name, seed, unsolved, decoy, restarted, mended, gone, is_restored, left, seconds)


def look(world: World, reference: Reference) -> Grade:
    """A check as the learner's is, but not again: what is not over now need not be waited for."""
    return grading.check(world, reference, again=0)


def failing(grade: Grade) -> list[str]:
    return [verdict.name for verdict in grade.failing]


@dataclass(frozen=True)
class Alerts:
    """Which alerts fired before the fault and since; after how many hours its own did, None if it has none."""

    drill: str
    seed: int
    before: list[str]
    since: list[str]
    hours: int | None
    seconds: float

    def faults(self, one: Drill) -> list[str]:
        restarts = {"ServiceDown"} if one.entry == "a deploy" else set()  # its seconds are most of an hour here
        others = sorted({*self.since} - restarts)
        found = {
            f"before anything is wrong, {self.before} fire": bool(self.before),
            f"nothing is wrong, and {self.since} fire": one.is_none and bool(self.since),
            f"{one.alert} does not fire within {one.within_hours} hours": bool(one.alert) and self.hours is None,
            f"no alert is said to fire, and {others} do": bool(others)
            and not (one.alert or one.may_show or one.is_none),
        }
        return [told for told, is_so in found.items() if is_so]


def alerts(built: Settings, one: Drill, seed: int, folder: Path) -> Alerts:
    """At the pace of a drill, for Prometheus goes by this machine's clock; until its own fires, or should have."""
    began, hours = time.monotonic(), None
    with going_on(built, folder, one, seed) as world:
        while hours is None and world.clock < world.plan.since + one.within_hours * HOUR:
            due = time.monotonic() + SECONDS_AN_HOUR
            world.play(1)
            time.sleep(max(0.0, due - time.monotonic()))
            if one.alert in world.watcher.firing():
                hours = round((world.clock - world.plan.since) / HOUR)
        history, since = world.watcher.history(), world.plan.since
        now = world.watcher.firing()
    before = sorted({name for at, firing in history for name in firing if at < since})
    fired = sorted({name for at, firing in history for name in firing if at >= since} | now)
    return Alerts(one.name, seed, before, fired, hours, round(time.monotonic() - began, 1))


@dataclass(frozen=True)
class Money:
    """By response, what 1,000 questions are expected to cost and what they did, in PROBLEM.costs' unit.

    `degraded` are its answers that went without a view: on a busy machine those of a slow store, which cost money.
    """

    drill: str
    seed: int
    expected: dict[str, float]
    realised: dict[str, float]
    degraded: dict[str, int]
    seconds: float

    def faults(self, one: Drill) -> list[str]:
        """By expected money: realised money has the luck of a day's labels in it.

        With one seed an incident may move no decision: that it costs is asked of all seeds together.
        """
        right = self.expected[REPAIR]
        cheaper = [name for name, cost in self.expected.items() if cost * (1 + debrief.SAME) < right]
        dearer = [name for name, cost in self.expected.items() if cost > right * (1 + debrief.SAME)]
        early = [name for name in dearer if self.degraded[name] <= self.degraded[REPAIR]]
        found = {
            f"{cheaper} is cheaper than the reference repair": bool(cheaper),
            f"it is said to cost later, and {early} costs more already": bool(one.costs_later and early),
        }
        return [told for told, is_so in found.items() if is_so]


def money(built: Settings, one: Drill, seed: int, folder: Path) -> Money:
    """As a debrief plays it: the same seed three times."""
    began = time.monotonic()
    reference = Reference(linked(built, folder), seed)
    for again in responses.FOLDERS:
        place = child_processes.project_mark(sandbox.home_of(reference.theirs, again) / "data")
        child_processes.watch([child_processes.head_of(os.getpid(), place)])
    outcomes = responses.play_all(reference, one)
    expected = {name: round(outcome.expected, 2) for name, outcome in outcomes.items()}
    realised = {name: round(outcome.realised, 2) for name, outcome in outcomes.items()}
    degraded = {name: outcome.degraded for name, outcome in outcomes.items()}
    return Money(one.name, seed, expected, realised, degraded, round(time.monotonic() - began, 1))


@contextmanager
def going_on(built: Settings, folder: Path, one: Drill, seed: int) -> Iterator[World]:
    """The drill, begun, on the built system read through links."""
    theirs = linked(built, folder)
    place = child_processes.project_mark(sandbox.home_of(theirs) / "data")
    child_processes.watch([child_processes.head_of(os.getpid(), place)])  # its servers end with this process
    try:
        world = start(theirs, one, seed)
        try:
            yield world
        finally:
            world.stop()
    finally:
        sandbox.remove(theirs)


def linked(built: Settings, folder: Path) -> Settings:
    folder.mkdir(parents=True)
    for path in built.data_dir.iterdir():
        (folder / path.name).symlink_to(path)
    return built.model_copy(update={"data_dir": folder})


def digests(data_dir: Path) -> dict[str, str]:
    """Every file of the rooms that a drill reads; what tools write while they look, and notes beside them, are not."""
    rooms = [room for room in sorted(data_dir.iterdir()) if room.is_dir() and room.name != "tools"]
    files = (path for room in rooms for path in sorted(room.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
