"""A copy of the project in a hostile place, and what a task says there: its words, its end, what is left behind."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlsystem import child_processes
from mlsystem.settings import ROOT

PORTS = {
    f"MLSYSTEM_{name}_PORT": str(port)
    for name, port in (("SERVING", 43901), ("MLFLOW", 43902), ("PREFECT", 43903), ("CONSUMER", 43904))
}
CAREFUL_SECONDS = 300  # only so that a hang ends; a quiet machine takes some seconds
COPIED = ("src", "project.toml", ".env.example", "ops")


# How often a task says that it goes on is a matter of the machine, not of the task.
HEARTBEAT = re.compile(r"^\[ *[\d.]+ s\] +still, after .*\n", re.MULTILINE)


@dataclass(frozen=True)
class TaskOutcome:
    """How a task ended: its exit status, what it printed, how long it took, and which processes it left."""

    status: int
    words: str
    seconds: float
    left: list[int]
    files: set[str] = field(default_factory=set)  # of the project's folder, before and after, that are gone


@dataclass(frozen=True)
class Place:
    """A project's folder."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    def run(self, *task: str, cwd: Path | None = None, **variables: str) -> TaskOutcome:
        """`python -m mlsystem TASK`, in the project's folder if no other is said."""
        own = {"PYTHONPATH": str(self.root / "src"), **PORTS}
        if "PYTHONPATH" in variables:  # a user's own, before the project: that is how a foreign one comes first
            variables["PYTHONPATH"] = os.pathsep.join([variables["PYTHONPATH"], own["PYTHONPATH"]])
        before, started = _files(self.root), time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "mlsystem", *task],
            cwd=cwd or self.root,
            env=_plain(os.environ) | own | variables,
            capture_output=True,
            timeout=CAREFUL_SECONDS,
            check=False,
        )
        words = HEARTBEAT.sub("", (done.stdout + done.stderr).decode("utf-8", "replace"))
        seconds, left = time.monotonic() - started, self._left()
        return TaskOutcome(done.returncode, words, seconds, left, before - _files(self.root))

    def _left(self) -> list[int]:
        """Processes that are still there when the watcher has had its time."""
        deadline = time.monotonic() + child_processes.LOOK_SECONDS + child_processes.END_SECONDS
        while left := [one.pid for one in child_processes.marked(child_processes.project_mark(self.data))]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        return left


def copy_project(root: Path) -> Place:
    """A copy of this project's code, without state; `src` is small."""
    for name in COPIED:
        here = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(here, root / name, ignore=ignore) if here.is_dir() else shutil.copy2(here, root / name)
    return Place(root)


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file's content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def foreign_module(name: str = "psutil.py") -> str:
    """A folder with a module that must not be taken."""
    folder = Path(tempfile.mkdtemp())
    (folder / name).write_text('raise SystemExit("a foreign module was taken")\n')
    return str(folder)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and _is_kept(path)}


def _is_kept(path: Path) -> bool:
    return "__pycache__" not in path.parts and "tools" not in path.parts


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("MLSYSTEM_")}


@contextmanager
def unwritable_folder(kind: str, tmp_path: Path) -> Iterator[Path]:
    """A folder that takes nothing, of one of three kinds; skips where only root could make it."""
    folder = tmp_path / "refusing"
    if kind == "a file":
        folder.write_text("in the way")
        yield folder / "below"
        return
    folder.mkdir()
    option = "ro" if kind == "read only" else "size=1m"
    command = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this test mounts a small disk, which only root may")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
