"""What faults, reference repairs and decoys are made of: what a person would do in the sandbox, by its own commands."""

from mlsystem.errors import UserError
from mlsystem.practice.drills.world import World


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


def change(world: World, file: str, before: str, after: str, message: str) -> str:
    """A commit that puts one text in the place of another; its id."""
    path = world.own.project / file
    text = path.read_text(encoding="utf-8")
    if before not in text:
        raise RepairFailed(f"{file} has no {before!r}")
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    world.own.commit(message)
    return world.own.git("rev-parse", "HEAD").strip()


def revert(world: World, message: str) -> None:
    """Take the commit with that message back, by a commit."""
    found = world.own.git("log", "--format=%H %s").splitlines()
    (commit,) = [line.partition(" ")[0] for line in found if line.partition(" ")[2] == message]
    world.own.git("revert", "--no-edit", commit)
