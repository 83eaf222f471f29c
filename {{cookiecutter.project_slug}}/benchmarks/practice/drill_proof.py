"""What a drill has to show: nobody's work, the decoy and a restart do not end it, the reference repair does.

`python benchmarks/practice/drill_proof.py` plays all of them with five seeds and writes drill_proofs.json beside this
file; the tests play a third of them, in turns by date.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from mlsystem import child_processes, storage
from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import drill, grading, repairs, sandbox
from mlsystem.practice.drills.drill import Drill
from mlsystem.practice.drills.grading import Grade
from mlsystem.practice.drills.reference import Reference
from mlsystem.practice.drills.responses import REACTION
from mlsystem.practice.drills.world import World, start
from mlsystem.settings import Settings, configure_tools, load_settings, mark_children

ANSWERED = "every question is answered"
FILE = Path(__file__).with_name("drill_proofs.json")


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

    def faults(self, is_none: bool) -> list[str]:
        """What is not as it should be, each as a sentence; `is_none` of a drill in which nothing is wrong."""
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
        return [f"{self.drill}, seed {self.seed}: {told}" for told, is_so in found.items() if is_so]


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


def digests(folder: Path) -> dict[str, str]:
    """Every file that a drill could touch; what tools write while they look is theirs."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "tools" not in path.parts)
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def proved(name: str, seed: int, data_dir: Path) -> tuple[Proof | None, list[str]]:
    """In a process of its own; what is not as it should be."""
    settings = load_settings()
    configure_tools(settings)
    one, built = drill.load(name), settings.model_copy(update={"data_dir": data_dir})
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        try:
            proof = prove(built, one, seed, Path(folder) / "data")
        except Exception as problem:  # the others are played all the same
            return None, [f"{name}, seed {seed}: {type(problem).__name__}: {problem}"]
    return proof, proof.faults(one.is_none)


def record(proof: Proof, faults: list[str]) -> None:
    """Into FILE at once: a run that is ended loses nothing; the newest of a problem's drill and seed is kept."""
    every = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    kept = {(one["drill"], one["seed"]): one for one in every.get(PROBLEM.words.title, [])}
    kept[proof.drill, proof.seed] = asdict(proof) | {"faults": faults}
    every[PROBLEM.words.title] = [kept[key] for key in sorted(kept)]
    storage.write_json(FILE, every)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--data", type=Path, default=load_settings().data_dir, help="of a system after `make demo`")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--drills", nargs="+", default=drill.names(), help="names; all of them unless said")
    options = parser.parse_args()
    wanted = [(name, seed) for seed in options.seeds for name in options.drills]
    mark = child_processes.new_mark(child_processes.project_mark(load_settings().data_dir), "proofs")
    mark_children(child_processes.MARK, mark)
    child_processes.watch([child_processes.head_of(os.getpid(), mark)])  # no player goes on without this process
    faults = list[str]()
    with ProcessPoolExecutor(options.at_once, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(proved, name, seed, options.data.resolve()) for name, seed in wanted]
        for done in as_completed(running):
            proof, own = done.result()
            faults += own
            if proof:
                record(proof, own)
                print(f"{proof.drill}, seed {proof.seed}: graded in {proof.seconds:.0f} s", flush=True)
            print("".join(f"  {fault}\n" for fault in own), end="", flush=True)
    print(f"{len(wanted)} played, {len(faults)} faults; {FILE} has them")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
