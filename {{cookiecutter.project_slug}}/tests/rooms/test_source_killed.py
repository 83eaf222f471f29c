"""A kill at any moment leaves the old state or the new, never half; the next run ends where an undisturbed one does."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mlsystem.environment import TOOL_ENVIRONMENT
from mlsystem.settings import ROOT
from stages import STAGES

KILLS = 3
FOLDERS = {"deliver": "1_source", "validate": "2_validated", "build": "3_features", "training_set": "4_training_sets"}


class Stages:
    """Runs a stage in a process of its own, to its end or until it is killed."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(ROOT / "tests/stages.py")],
            cwd=ROOT,
            env=os.environ | TOOL_ENVIRONMENT | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def run(self, stage: str, folder: Path, kill_after: float = 300) -> tuple[bool, float]:
        """Whether it was killed, and the seconds that it took."""
        self.process.stdin.write(f"{stage} {kill_after} {folder}\n")
        self.process.stdin.flush()
        _, status, seconds = self._answer().split()
        assert int(status) in (0, signal.SIGKILL)
        return int(status) == signal.SIGKILL, float(seconds)

    def _answer(self) -> str:
        while line := self.process.stdout.readline():
            if line.startswith(("ready", "ended ")):
                return line.strip()
        raise AssertionError("the process that runs the stages has ended")


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    running = Stages()
    yield running
    running.process.stdin.close()
    running.process.wait(timeout=30)


@pytest.fixture(scope="module")
def undisturbed(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """A folder in which every stage ran to its end, and how long each took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return folder, {stage: stages.run(stage, folder)[1] for stage in STAGES}


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_stage_is_never_half_and_ends_as_if_undisturbed(stages, undisturbed, tmp_path, stage: str):
    whole, seconds = undisturbed
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 100_000))
    chance = random.Random(seed)
    print(f"again with KILL_SEED={seed}")
    bound, kills = seconds[stage], 0

    for attempt in range(30):
        folder = prepared(tmp_path / str(attempt), whole, stage)
        while kills < KILLS:
            was_killed, took = stages.run(stage, folder, kill_after=bound * chance.random())
            is_half = not state(folder, stage) <= state(whole, stage)
            assert not is_half, f"half a file or row, seed {seed}"
            kills += was_killed
            if not was_killed:  # it was faster than its killer: once more, with a faster killer
                bound = took
                break
        else:
            break
    stages.run(stage, folder)

    assert kills == KILLS
    assert state(folder, stage) == state(whole, stage), f"seed {seed}"


def prepared(folder: Path, whole: Path, stage: str) -> Path:
    """A folder with all that the stages before this one made."""
    folder.mkdir()
    for earlier in list(STAGES)[: list(STAGES).index(stage)]:
        if made := FOLDERS.get(earlier):
            (folder / made).symlink_to(whole / made)
    return folder


def state(folder: Path, stage: str) -> set[tuple]:
    """What a reader sees of the stage's output: every partition with its bytes, or every row of the online store."""
    return set(files(folder / FOLDERS[stage]).items()) if stage in FOLDERS else set(online_rows(folder))


def files(folder: Path) -> dict[str, bytes]:
    """Every partition's bytes by its path. Data Docs and files not yet renamed are no partitions."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


def online_rows(folder: Path) -> list[tuple]:
    """Every online value with its key and moment, but not when it was written."""
    if not (folder / "online/online.db").exists():
        return []
    with closing(sqlite3.connect(folder / "online/online.db")) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [
            (table, *row)
            for table in sorted(tables)
            for row in store.execute(f"SELECT entity_key, feature_name, value, event_ts FROM {table} ORDER BY 1, 2")
        ]
