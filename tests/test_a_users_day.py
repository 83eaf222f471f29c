"""What a user does on the first day, on every Python that the template promises."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import baking
import pytest

PYTHONS = ["3.11", "3.12", "3.13"]


def candidates(version: str) -> Iterator[str]:
    """Where an interpreter may be: on the PATH, or among those that pyenv installed and has not chosen."""
    if found := shutil.which(f"python{version}"):
        yield found
    if pyenv := shutil.which("pyenv"):
        root = baking.run(pyenv, "root", cwd=Path.cwd()).stdout.strip()
        yield from map(str, sorted(Path(root, "versions").glob(f"{version}.*/bin/python")))


def find_python(version: str) -> str | None:
    """One that runs: pyenv puts a name on the PATH also for a version that it has not chosen."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    for python in candidates(version):
        if baking.run(python, "-c", question, cwd=Path.cwd()).stdout.strip() == version:
            return python
    return None


@pytest.mark.parametrize("version", PYTHONS)
def test_the_template_sets_itself_up_and_bakes_under_every_promised_python(version: str, tmp_path: Path):
    python = find_python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine: neither on the PATH nor with pyenv")
    template = baking.export(tmp_path / "template")

    result = baking.run("make", "bake", f"PYTHON={python}", cwd=commit(template))

    assert result.returncode == 0, result.stdout
    assert (template / "build" / "flight-delay-radar" / "project.toml").is_file()


def commit(folder: Path) -> Path:
    """The export of the export needs git's list of files."""
    baking.run("git", "init", "--quiet", cwd=folder)
    return folder


def walk(folder: Path, *command: str) -> tuple[int, str]:
    """Run one step with its output shown as it comes: a day has minutes in which nothing else would move."""
    print(f"\n$ {' '.join(command)}", file=sys.stderr, flush=True)  # the one stream of a worker that reaches the screen
    # As in a fresh terminal, where neither this environment nor its settings for pytest and make are known.
    ours = ("VIRTUAL_ENV", "PYTEST_", "PYTHON", "MAKE", "MFLAGS")
    terminal = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    step = subprocess.Popen(
        command, cwd=folder, env=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    said = []
    for line in step.stdout or ():
        print(line, end="", file=sys.stderr, flush=True)
        said.append(line)
    return step.wait(), "".join(said)


@pytest.mark.slow
def test_a_users_day(template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """Bake, test, prove, move, demo: all work, there is a page to look at, and git has nothing to report."""
    assert baking.cookiecutter(template, tmp_path).returncode == 0
    project = tmp_path / "flight-delay-radar"

    with capfd.disabled():
        tested, summary = walk(project, "make", "test")
        assert tested == 0
        proved, long_summary = walk(project, "make", "prove")
        assert proved == 0
        moved = project.rename(tmp_path / "Ümlaut [x] 100% fertig")
        assert walk(moved, "make", "demo")[0] == 0
        assert walk(moved, "git", "diff", "--exit-code")[0] == 0

    if shutil.which("prometheus") and shutil.which("chromium"):  # what a bare machine has to skip, this one ran
        assert " skipped" not in summary + long_summary

    assert baking.run("git", "status", "--porcelain", cwd=moved).stdout == ""
    assert "</html>" in (moved / "reports" / "report.html").read_text(encoding="utf-8")
    assert (moved / "reports" / "run.json").is_file()
