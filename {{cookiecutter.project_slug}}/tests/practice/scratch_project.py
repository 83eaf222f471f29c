"""A copy of the project in a folder of its own, with four months of data, that a test may change as a learner would."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mlsystem.domain import PROBLEM
from mlsystem.settings import ROOT, Settings, child_environment
from serving_probe import free_port

FIRST, LAST = PROBLEM.held_out[0] - timedelta(days=92), PROBLEM.held_out[0] + timedelta(days=30)


@dataclass(frozen=True)
class Scratch:
    """`root` is the copy's folder."""

    root: Path

    @property
    def settings(self) -> Settings:
        return Settings(
            data_dir=self.root / "data",
            reports_dir=self.root / "reports",
            first_day=FIRST,
            last_day=LAST,
            serving_port=free_port(),
        )

    def task(self, *arguments: str) -> subprocess.CompletedProcess:
        """A task of the copy, with the code of the copy."""
        own = child_environment(self.settings, PYTHONPATH=str(self.root / "src"))
        command = [sys.executable, "-m", "mlsystem", *arguments]
        return subprocess.run(
            command, cwd=self.root, env=own, capture_output=True, text=True, check=False, timeout=1200
        )

    def done(self, *arguments: str) -> str:
        """What the task said; it must end well."""
        ended = self.task(*arguments)
        assert ended.returncode == 0, f"{arguments}: {ended.stdout[-3000:]}{ended.stderr[-3000:]}"
        return ended.stdout

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        """Change a file of src/mlsystem; a change that changes nothing is a test that proves nothing."""
        path = self.root / "src/mlsystem" / file
        before = path.read_text(encoding="utf-8")
        path.write_text(change(before), encoding="utf-8")
        assert path.read_text(encoding="utf-8") != before, f"{file} is as it was"

    def replace(self, file: str, pattern: str, text: str) -> None:
        self.edit(file, lambda before: re.sub(pattern, text, before))

    def copy(self, root: Path) -> "Scratch":
        shutil.copytree(self.root, root, symlinks=True)
        return Scratch(root)


def make(root: Path) -> Scratch:
    """The project as it is, and the whole way run on the four months; some minutes."""
    for folder in ("src", "docs"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("project.toml", "pyproject.toml", "README.md"):  # the demo of a bake writes its figures there
        shutil.copy(ROOT / file, root / file)
    scratch = Scratch(root)
    scratch.done("demo")
    return scratch
