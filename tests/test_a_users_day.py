"""What a user does on the first day, with each problem, and on every Python that the template promises."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import baking
import pytest
from test_lanes import CHOICES, CONFIG

PYTHONS = ["3.11", "3.12", "3.13"]
QUICK = [f"tests/test_{name}.py" for name in ("docs", "architecture", "agents", "domain_words", "settings")]


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
    """Bake, test, prove, move, demo, live: all work, there are pages to look at, and git has nothing to report."""
    assert baking.cookiecutter(template, tmp_path).returncode == 0
    project = tmp_path / "flight-delay-radar"

    with capfd.disabled():
        tested, summary = walk(project, "make", "test")
        assert tested == 0
        proved, long_summary = walk(project, "make", "prove")
        assert proved == 0
        moved = project.rename(tmp_path / "Ümlaut [x] 100% fertig")
        assert walk(moved, "make", "demo")[0] == 0
        assert walk(moved, "git", "diff", "--exit-code", "--", ".", ":!README.md")[0] == 0
        check_demo(moved)
        assert walk(moved, "make", "year", "ARGS=--from 2013-03-30 --to 2013-04-02")[0] == 0
        assert walk(moved, "make", "readme")[0] == 0

    check_year(moved)
    if shutil.which("prometheus") and shutil.which("chromium"):  # what a bare machine has to skip, this one ran
        assert " skipped" not in summary + long_summary


@pytest.mark.slow
def test_a_day_with_the_other_problem(template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """Bake, test, demo, live: the rooms' own tests take their questions from whatever domain is there.

    Its packages then serve the quick tests of every combination of problem and lanes.
    """
    assert baking.cookiecutter(template, tmp_path, problem="deliveries").returncode == 0
    project = tmp_path / "late-delivery-radar"

    with capfd.disabled():
        tested, summary = walk(project, "make", "test")
        assert tested == 0
        assert walk(project, "make", "demo")[0] == 0
        check_demo(project)
        assert walk(project, "make", "year", "ARGS=--from 2024-03-30 --to 2024-04-02")[0] == 0
        assert walk(project, "make", "readme")[0] == 0
        for problem, lanes in itertools.product(CONFIG["problem"], CHOICES):
            (into := tmp_path / f"{problem}-{lanes}").mkdir()
            assert baking.cookiecutter(template, into, problem=problem, lanes=lanes).returncode == 0
            (other,) = into.iterdir()
            assert walk(other, str(project / ".venv/bin/python"), "-m", "pytest", "-n0", *QUICK)[0] == 0

    check_year(project)
    if shutil.which("prometheus") and shutil.which("chromium"):
        assert " skipped" not in summary


def check_year(project: Path) -> None:
    """There is a page of the days that were lived, and the README says what they were worth."""
    assert "</html>" in (project / "reports" / "year.html").read_text(encoding="utf-8")
    assert "`make year` lived" in (project / "README.md").read_text(encoding="utf-8")


def check_demo(project: Path) -> None:
    """There is a page to look at, the README has this run's own figures, and git has nothing else to report."""
    assert baking.run("git", "status", "--porcelain", cwd=project).stdout == " M README.md\n"
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert "Measured on" in readme
    assert "Changed since generation: 1 file," in readme
    assert "</html>" in (project / "reports" / "report.html").read_text(encoding="utf-8")
    assert (project / "reports" / "run.json").is_file()
