"""Each drill: declared whole, its page tells nothing, and a cure is told from a decoy by the state."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from mlsystem import child_processes
from mlsystem.practice.drills import drill, grading, innocent, sandbox
from mlsystem.practice.drills.drill import Drill
from mlsystem.practice.drills.reference import Reference
from mlsystem.practice.drills.world import World, start
from mlsystem.settings import ROOT, Settings

NAMES = drill.names()
TURN = 3  # a third of them each day
SEED = 1


def of_today(names: list[str]) -> list[str]:
    """A third, in turns by date."""
    return names[time.gmtime().tm_yday % TURN :: TURN]


@contextmanager
def going_on(system, folder: Path, one: Drill, seed: int = SEED) -> Iterator[World]:  # type: ignore[no-untyped-def]
    """The drill, begun, with a sandbox in a folder of its own."""
    theirs = linked(system.settings, folder)
    try:
        world = start(theirs, one, seed)
        try:
            yield world
        finally:
            world.stop_driver()
    finally:
        sandbox.remove(theirs)


def linked(built: Settings, folder: Path) -> Settings:
    """The built system as the user's own, read through links."""
    folder.mkdir(parents=True)
    for path in built.data_dir.iterdir():
        (folder / path.name).symlink_to(path)
    return built.model_copy(update={"data_dir": folder})


def digests(folder: Path) -> dict[str, str]:
    """Every file that a drill could touch."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "tools" not in path.parts)
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("name", NAMES)
def test_a_drill_is_declared_whole_and_its_page_names_no_cause(name: str):
    one = drill.load(name)

    assert one.name == name
    assert one.cause in one.causes
    assert len(one.causes) >= 5
    assert one.page.startswith(f"# {one.title}\n")
    for cause in one.causes:
        assert cause not in one.page
    assert one.resembles
    assert one.decoy_is


def test_a_name_that_no_drill_has_is_told_with_those_that_there_are():
    with pytest.raises(drill.NoSuchDrill, match=NAMES[0]):
        drill.load("no-such-drill")


def test_innocent_commits_change_code_that_is_there():
    for file, before, after, _ in innocent.EDITS:
        text = (ROOT / innocent.SRC / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} has no {before!r}"
        assert before != after


def test_points_are_lost_by_guesses_and_hints_and_never_below_none():
    def told(rung: str, right: bool) -> dict:
        return {"rung": rung, "right": right}

    found = [
        told("where", False),
        told("where", True),
        told("hint", True),
        *[told("why", False)] * 9,
        told("why", True),
    ]

    assert grading.points(found) == {
        "detected": 0,
        "where": grading.POINTS["where"] - grading.WRONG,
        "since": 0,
        "why": 0,
        "mitigated": 0,
        "hints": -grading.HINT,
    }


def test_a_sandbox_has_no_drill_in_it_and_takes_nothing_of_yours(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    theirs = linked(system.settings, tmp_path / "data")
    before = digests(system.settings.data_dir)

    own = sandbox.make(theirs, system.days[-30], "service")
    innocent.commit(own, Random(1))
    history = own.git("log", "--format=%s").splitlines()

    assert not list(own.project.rglob("practice"))
    assert len(history) == 5
    assert own.git("status", "--porcelain") == ""
    assert max(path.stem for path in own.settings.source_dir.glob("*/*.parquet")) < str(system.days[-30])
    with pytest.raises(sandbox.NoSandbox, match="a drill is there already"):
        sandbox.make(theirs, system.days[-30], "service")
    sandbox.remove(theirs)
    assert not own.home.exists()
    assert digests(system.settings.data_dir) == before


def test_a_learner_who_runs_a_command_there_works_on_the_sandbox(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    theirs = linked(system.settings, tmp_path / "data")
    own = sandbox.make(theirs, system.days[-30], "service")

    asked = "from mlsystem.settings import ROOT, load_settings; print(ROOT, load_settings().data_dir)"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "src"}
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=own.project, env=environment, capture_output=True, text=True, check=True
    )

    assert told.stdout.split() == [str(own.project), str(own.settings.data_dir)]
    sandbox.remove(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", of_today(NAMES))
def test_it_is_over_when_it_is_mended_and_neither_by_itself_nor_by_the_decoy(system, tmp_path: Path, name: str):  # type: ignore[no-untyped-def]
    one, before = drill.load(name), digests(system.settings.data_dir)
    with going_on(system, tmp_path / "data", one) as world:
        reference = Reference(world.theirs)
        world.play(int((world.plan.since - world.clock).total_seconds() // 3600) + 8)
        unsolved = grading.check(world, reference, again=0)
        one.decoy(world, world.plan)
        decoy = grading.check(world, reference, again=0)
        one.mend(world, world.plan)
        mended = grading.check(world, reference)
        world.own.run("down")
        gone = grading.check(world, reference, judged=6, again=0)

        assert not unsolved.passed, "it is over although nobody did anything"
        assert not decoy.passed, f"it is over by: {one.decoy_is}"
        assert mended.passed, mended.failing
        assert "every question is answered" in [verdict.name for verdict in gone.failing]
        place = child_processes.project_mark(world.own.settings.data_dir)

    assert child_processes.marked(place) == []
    assert digests(system.settings.data_dir) == before
