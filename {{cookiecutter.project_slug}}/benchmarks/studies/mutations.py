"""Would the tests notice? Breaks one rule after the other in a copy of the project: `benchmarks/studies/mutations.py`.

For each edit of mutations.toml it runs the fewest tests that must fail, and prints what caught it and in how many
seconds. Ends with 1 if an edit survives, or if an edit's old text does not stand exactly once in its file. 15 minutes
of one core; `python benchmarks/studies/mutations.py gate breaker` does the edits
whose file or reason has one of the words.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("src", "tests", "benchmarks", "ops", "docs", "pyproject.toml", "project.toml", "README.md", "Makefile")
TEST_SECONDS = 600
ALL_SECONDS = 3_600  # on a busy machine
CAUGHT = 1  # pytest's exit code for tests that failed; others say that it could not run them


@dataclass(frozen=True)
class Edit:
    why: str
    file: str  # below src/mlsystem
    old: str
    new: str
    tests: tuple[str, ...]

    def path(self, root: Path) -> Path:
        return root / "src/mlsystem" / self.file

    def fault(self, root: Path = ROOT) -> str:
        """Why the edit cannot be made or noticed; nothing if it can."""
        found = self.path(root).read_text(encoding="utf-8").count(self.old) if self.path(root).exists() else 0
        if found != 1:
            return f"{self.file}: the old text stands {found} times, expected once: {self.old.strip()}"
        if self.new == self.old:
            return f"{self.file}: the new text is the old one: {self.old.strip()}"
        lost = [test for test in self.tests if not _is_there(root, test)]
        return f"{self.file}: there is no {', '.join(lost)}" if lost or not self.tests else ""


def read(path: Path) -> list[Edit]:
    said = tomllib.loads(path.read_text(encoding="utf-8"))["edit"]
    return [Edit(**{**one, "tests": tuple(one["tests"])}) for one in said]


def _is_there(root: Path, test: str) -> bool:
    file, _, name = test.partition("::")
    path = root / file
    return path.exists() and (not name or f"def {name.partition('[')[0]}(" in path.read_text(encoding="utf-8"))


def project_copy(folder: Path, data: Path) -> Path:
    """The project without its data, which is a link to a copy that all edits share."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder / name)
    (folder / "data").symlink_to(data)
    return folder


def run_tests(root: Path, tests: Sequence[str], seconds: float = TEST_SECONDS) -> tuple[int, str, float]:
    """Exit code, the first test that failed or the last words, and seconds."""
    command = [sys.executable, "-m", "pytest", "-n0", "-x", "-q", "-m", "", "-p", "no:cacheprovider", *tests]
    started = time.monotonic()
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        try:
            told, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            for one in psutil.Process(process.pid).children(
                recursive=True
            ):  # services have process groups of their own
                one.kill()
            process.kill()
            return CAUGHT, "(did not end)", time.monotonic() - started
    failed = re.search(r"^(?:FAILED|ERROR) \S+?::(\w+)", told, re.MULTILINE)
    return process.returncode, failed[1] if failed else told.strip()[-300:], time.monotonic() - started


def check(edits: Sequence[Edit], folder: Path) -> int:
    """Make each edit in a fresh copy and run its tests; how many were not caught."""
    data = folder / "data"
    shutil.copytree(ROOT / "data/tests", data / "tests") if (ROOT / "data/tests").exists() else data.mkdir()
    whole = project_copy(folder / "whole", data)
    code, said, seconds = run_tests(whole, sorted({test for edit in edits for test in edit.tests}), ALL_SECONDS)
    if code != 0:
        print(f"without any edit the tests do not pass ({said}); nothing can be said of the edits")
        return len(edits)
    print(
        f"without any edit the tests pass, {seconds:.0f} s\n\n| edit | file | caught by | seconds |\n|---|---|---|---|"
    )
    survived = 0
    for number, edit in enumerate(edits):
        root = project_copy(folder / f"edit{number}", data)
        path = edit.path(root)
        path.write_text(path.read_text(encoding="utf-8").replace(edit.old, edit.new), encoding="utf-8")
        code, said, seconds = run_tests(root, edit.tests)
        survived += code != CAUGHT
        told = said if code == CAUGHT else "**SURVIVED**" if code == 0 else f"**pytest ended with {code}**: {said}"
        print(f"| {edit.why} | {edit.file} | {told} | {seconds:.0f} |", flush=True)
        shutil.rmtree(root)
    print(f"\n{len(edits) - survived} of {len(edits)} edits caught")
    return survived


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("words", nargs="*", help="only edits whose file or reason has one of them")
    parser.add_argument("--list", type=Path, default=ROOT / "benchmarks/studies/mutations.toml", help="another list")
    parser.add_argument("--only-check-the-list", action="store_true", help="run no test")
    said = parser.parse_args()
    edits = [one for one in read(said.list) if not said.words or any(w in f"{one.file} {one.why}" for w in said.words)]
    faults = [fault for edit in edits if (fault := edit.fault())]
    print("\n".join(faults) or f"{len(edits)} edits, each of a text that stands once in its file", flush=True)
    if faults or said.only_check_the_list:
        return bool(faults)
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        return bool(check(edits, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
