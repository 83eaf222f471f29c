"""The tasks that look after the project itself: its tests, checks, pages, and what it made."""

import argparse
import importlib.util
import shutil
import subprocess
import sys

from mlsystem.errors import UserError
from mlsystem.progress import say
from mlsystem.settings import ROOT, load_project, load_settings

LAWS = [f"tests/test_{name}.py" for name in ("architecture", "domain_words", "agents")]


class NotInstalled(UserError):
    """A tool of the tests, in an installation without them."""


def report(options: argparse.Namespace) -> None:
    from mlsystem.reporting.report import write_report

    say(f"wrote {write_report(load_settings().reports_dir)}")


def readme(options: argparse.Namespace) -> None:
    from mlsystem.reporting.agents import write_agents
    from mlsystem.reporting.readme import write_figures, write_problem

    write_agents(ROOT)
    if load_project().template:  # the template's own folder includes it when a project is generated
        write_problem(ROOT)
    write_figures(ROOT / "README.md", load_settings().reports_dir)
    say("README.md has the figures of the last run, and AGENTS.md the map, the tasks and the laws")


def mine(options: argparse.Namespace) -> None:
    from mlsystem.reporting.mine import write_mine

    write_mine(ROOT, load_settings().reports_dir, load_project())
    say("README.md says what is yours")


def test(options: argparse.Namespace) -> int:
    return _run("pytest", *options.pytest)


def prove(options: argparse.Namespace) -> int:
    return _run("pytest", "-m", "slow and not slowest", *options.pytest)


def endure(options: argparse.Namespace) -> int:
    return _run("pytest", "-m", "slowest", *options.pytest)


def check(options: argparse.Namespace) -> int:
    say("lint and formatting, by ruff")
    if failed := _run("ruff", "check", ".") or _run("ruff", "format", "--check", "."):
        return failed
    say("types, by mypy: half a minute the first time")
    if failed := _run("mypy"):
        return failed
    say("the laws of docs/laws.md, by their tests")
    return _run("pytest", "-n0", *LAWS)


def clean(options: argparse.Namespace) -> None:
    """Everything here can be made again: the raw data lies in an installed package. Raises StillRunning."""
    from mlsystem.processes.manager import check_nothing_runs

    check_nothing_runs(load_settings())
    for folder in (load_settings().data_dir, load_settings().reports_dir):
        shutil.rmtree(folder, ignore_errors=True)
        say(f"removed {folder}")


def _run(tool: str, *arguments: str) -> int:
    """Raises NotInstalled."""
    if importlib.util.find_spec(tool) is None:
        raise NotInstalled(
            f"{tool} is not installed: this .venv holds only what the system runs on (`bootstrap.py --runtime`); "
            "`make setup` installs what its tests and checks need as well"
        )
    return subprocess.run([sys.executable, "-m", tool, *arguments], cwd=ROOT, check=False).returncode
