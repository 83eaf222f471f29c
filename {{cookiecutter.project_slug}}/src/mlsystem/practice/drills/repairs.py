"""What faults, reference repairs and decoys are made of: what a person would do in the sandbox, by its own commands."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

import psutil

from mlsystem import child_processes
from mlsystem.errors import UserError
from mlsystem.practice.drills import sandbox
from mlsystem.practice.drills.choices import DAY, HOUR
from mlsystem.practice.drills.drill import Plan
from mlsystem.practice.drills.watcher import RULES
from mlsystem.practice.drills.world import World

VALIDATION = "src/mlsystem/validation/validate.py"
READ = "    parts = {day: partitions.read([day]) for day in delivered}\n"
MENDED = "    parts = {day: _mended(table, day, partitions.read([day]), source_dir) for day in delivered}\n"


class RepairFailed(UserError):
    """A command of the sandbox did not do what it should."""


def run(world: World, *task: str) -> str:
    """One of the project's tasks. Raises RepairFailed."""
    went = world.own.run(*task)
    if went.returncode != 0:
        raise RepairFailed(f"{' '.join(task)} exited {went.returncode}: {went.stdout[-1000:]}{went.stderr[-1000:]}")
    return went.stdout


def restart(world: World) -> None:
    run(world, "down")
    run(world, "up")


def restart_service(world: World) -> None:
    """The service alone, as a deployment does it."""
    place = child_processes.project_mark(world.own.settings.data_dir)
    found = child_processes.marked(f"{place}up:")
    child_processes.end([one for one in found if child_processes.mark_of(one).split(":")[3] == "service"])
    run(world, "up")


def restart_only(world: World, plan: Plan) -> None:
    """As a decoy."""
    restart(world)


def change(world: World, file: str, before: str, after: str, message: str, at: datetime | None = None) -> None:
    """A commit that puts one text in the place of another, as of now or of a moment of event time."""
    replace(world, file, before, after)
    world.own.commit(message, at)


def replace(world: World, file: str, before: str, after: str) -> None:
    """Raises RepairFailed."""
    path = world.own.project / file
    text = path.read_text(encoding="utf-8")
    if text.count(before) != 1:
        raise RepairFailed(f"{file} has {before!r} {text.count(before)} times, and not once")
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def revert(world: World, message: str) -> None:
    """Take the commit with that message back, by a commit."""
    found = world.own.git("log", "--format=%H %s").splitlines()
    (commit,) = [line.partition(" ")[0] for line in found if line.partition(" ")[2] == message]
    world.own.git("revert", "--no-edit", commit)


def mend_what_is_delivered(world: World, code: str, message: str) -> None:
    """A commit that puts delivered rows right before they are validated, and the days since again.

    `code` is the body of `_mended(table, day, rows, source_dir)`, which gives the rows back.
    """
    path = world.own.project / VALIDATION
    signature = "def _mended(table: str, day: date, rows: pa.Table, source_dir: Path) -> pa.Table:\n"
    path.write_text(path.read_text(encoding="utf-8") + f"\n\n{signature}{code}", encoding="utf-8")
    change(world, VALIDATION, READ, MENDED, message)
    backfill(world)


def backfill(world: World) -> None:
    """The days of the drill again, and the live side from them."""
    run(world, "backfill", "--from", str(world.began.date() - DAY), "--to", str(world.day))


def set_setting(world: World, name: str, value: str) -> None:
    """A line of `.env`, in the place of what it said before."""
    clear_setting(world, name)
    path = world.own.project / sandbox.ENV
    path.write_text(path.read_text(encoding="utf-8") + f"{name}={value}\n", encoding="utf-8")


def clear_setting(world: World, name: str) -> None:
    path = world.own.project / sandbox.ENV
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(f"{name}=")), encoding="utf-8")


def end_process(world: World, script: str) -> None:
    """What the sandbox runs of that name."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(Path(one).name == script for one in process.cmdline()[1:4]) and _is_of(world, process):
                process.kill()
                process.wait(10)


def _is_of(world: World, process: psutil.Process) -> bool:
    place = child_processes.project_mark(world.own.settings.data_dir)
    return child_processes.mark_of(process).startswith(place)


def remove_alert(world: World, alert: str) -> None:
    """A commit without it: nobody is woken any more, and nobody will be."""
    path = world.own.project / RULES
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if f"alert: {alert}" in line)
    last = next(n for n in range(first + 1, len(lines)) if "- alert:" in lines[n] or not lines[n].strip())
    path.write_text("".join(lines[:first] + lines[last:]), encoding="utf-8")
    world.own.commit(f"Remove {alert}")


@dataclass(frozen=True)
class Deployment:
    """A change of code with its commit: `edits` are a file, what stands there, and what stands there after it.

    In each text `<name>` is a fact of the plan.
    """

    message: str
    edits: tuple[tuple[str, str, str], ...]

    def strike(self, world: World, plan: Plan) -> None:
        """Commit it, among innocent ones, and restart what serves."""
        for file, before, after in self.edits:
            replace(world, file, before, filled(after, plan))
        world.own.commit(self._message(plan), deployed(world))
        restart_service(world)

    def mend(self, world: World, plan: Plan) -> None:
        revert(world, self._message(plan))
        restart(world)

    def _message(self, plan: Plan) -> str:
        return filled(self.message, plan)


def deployed(world: World) -> datetime:
    """When a fault was committed that shows from its hour on: some minutes before it."""
    return world.plan.since - Random(f"deployed {world.seed}").random() * HOUR


def filled(text: str, plan: Plan) -> str:
    """The text with the plan's facts in it."""
    for name, fact in plan.facts.items():
        text = text.replace(f"<{name}>", str(fact))
    return text
