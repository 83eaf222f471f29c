"""`python -m mlsystem TASK`: every task of the project. The Makefile is a thin face of it; Windows has no make."""

import argparse
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlsystem.environment import own_libraries_only
from mlsystem.errors import UserError, place_in

if TYPE_CHECKING:
    from mlsystem.settings import Settings

GROUPS = {
    "Every day": "demo up status monitor retrain judge test down",
    "Data and training": "ingest features backfill train",
    "The models": "models promote rollback",
    "The running system": "smoke replay consume letters deploy",
    "Checks, pages, tidying up": "prove endure check report readme mine new-domain lock clean",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one task. What a task needs is imported when it runs, so that `--help` takes no time."""
    own_libraries_only(str(Path(__file__).parents[1]))  # before a library is imported
    asked = list(sys.argv[1:] if arguments is None else arguments)
    if asked[:1] == ["new-domain"] and len(asked) == 2:  # there may be no domain yet, which settings would read
        return new_domain(Path(asked[1]))
    try:
        from mlsystem.settings import configure_tools, load_settings, tools_dir

        settings = load_settings()
    except UserError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    except Exception as wrong:  # the domain is a person's own Python, and settings read it first
        if (line := place_in(Path(__file__).parent / "domain", wrong)) is None:
            raise
        print(f"the domain cannot be read, {line}: {type(wrong).__name__}: {wrong}; mend that line", file=sys.stderr)
        return 1
    parser = _parser(settings)
    options, others = parser.parse_known_args(asked)
    if others and options.task not in ("test", "prove", "endure"):  # only pytest may know more arguments than we do
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    options.pytest = others
    if options.task == "lock":  # as `make lock`: it asks a package index, by the user's own proxy and settings
        return lock(options.upgrade)
    try:
        configure_tools(settings)
        os.chdir(tools_dir(settings))  # Prefect reads a .env, prefect.toml or pyproject.toml where it is started
    except OSError as refused:
        print(f"cannot make {refused.filename} ({refused.strerror}); set MLSYSTEM_DATA_DIR to another", file=sys.stderr)
        return 1
    from mlsystem.commands import run_task as running

    running.keep_user_errors_short()
    try:
        return running.run(options, settings)
    except (*running.USER_ERRORS, KeyboardInterrupt) as problem:
        traceback.clear_frames(problem.__traceback__)  # Prefect keeps it; an open DuckDB connection in it warns at exit
        if isinstance(problem, KeyboardInterrupt):
            print(f"\n{options.task}: stopped; run it again and it goes on from here", file=sys.stderr)
            return 130
        print(f"{options.task}: {problem}", file=sys.stderr)
        return 1


def new_domain(folder: Path) -> int:
    from mlsystem.contract import new_domain

    try:
        written = new_domain.write(folder)
    except (new_domain.FolderTaken, OSError) as refused:
        print(f"new-domain: {refused}", file=sys.stderr)
        return 1
    print(f"wrote {len(written)} files into {folder}. Next, in the project's folder: take the present one away, then")
    for part, place in new_domain.PLACES.items():
        print(f"  {folder / part} becomes {place}")
    print(
        "and run `make clean`, then `make ingest`: it asks for the first answer that is missing, until none is "
        "(docs/make-it-yours.md)"
    )
    return 0


def lock(upgrade: bool) -> int:
    command = [sys.executable, str(Path(__file__).parents[2] / "locks.py"), *["--upgrade"] * upgrade]
    return subprocess.run(command, check=False).returncode


def _parser(settings: "Settings") -> argparse.ArgumentParser:
    from mlsystem.lanes import lanes

    parser = argparse.ArgumentParser(
        prog="python -m mlsystem", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")

    def task(name: str, help_text: str) -> argparse.ArgumentParser:
        return tasks.add_parser(name, description=help_text)

    task("demo", "run the whole system on all its data and write reports/report.html")
    task("test", "run every test; what else is said goes to pytest, such as --cov")
    task("prove", "run the long tests: kills, overload, a night on its schedule")
    task("endure", "run the longest tests: swaps under load, kills under replay, what the lanes prove")
    task("check", "lint, formatting and types")
    task("up", "start the service, MLflow, Prefect and (if installed) Prometheus, and say where they are")
    task("down", "stop what `up` started")
    lock = task("lock", "resolve requirements*.in into the locks again")
    lock.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    task("clean", "remove data/ and reports/")
    for name, help_text in (
        ("ingest", "deliver and validate days"),
        ("features", "compute the features of days"),
        ("train", "make the training set, compare the candidates, register the best"),
    ):
        _days(task(name, help_text), settings.first_day, settings.last_day)
    backfill = task("backfill", "days again after a mend: validated, computed, and loaded into the live side")
    _days(backfill, None, None)
    _loop_tasks(task)
    task("smoke", "start the service, ask it one question, stop it")
    task("monitor", "measure drift, quality and performance over the prediction log")
    task("status", "look at the system as it is now and write reports/status.html")
    deploy = task("deploy", "serve the Prefect deployments with their schedules, until stopped; `up` comes first")
    deploy.add_argument("--cron", default="0 3 * * *", help="when the night's work runs; `* * * * *` is every minute")
    task("report", "write reports/report.html again from reports/run.json")
    task("readme", "write the last run's figures into README.md")
    task("mine", "say in README.md what is yours: decisions, changes, figures beside the template's")
    task("new-domain", "write an empty domain into a folder, to fill in").add_argument("folder", type=Path)
    groups = dict(GROUPS)
    for lane in lanes().values():
        groups[lane.group] = " ".join(one.name for one in lane.tasks)
        for one in lane.tasks:
            one.add_arguments(task(one.name, one.help))
    parser.epilog = _grouped(groups, {name: str(one.description) for name, one in tasks.choices.items()})
    return parser


def _grouped(groups: dict[str, str], tasks: dict[str, str]) -> str:
    """The tasks under their groups, as `make help` has them; argparse has no groups of its own for them."""
    told = ([title, *(f"  {name:9} {tasks[name]}" for name in names.split())] for title, names in groups.items())
    return "\n\n".join("\n".join(lines) for lines in told)


def _loop_tasks(task: Callable[[str, str], argparse.ArgumentParser]) -> None:
    from mlsystem.domain import PROBLEM

    task("models", "print the versions of the model with their aliases and figures")
    promote = task("promote", "make a version champion; the running service takes it up within seconds")
    promote.add_argument("--version", required=True, help="a version that `models` lists")
    promote.add_argument("--although-refused", action="store_true", help="of a version that the gate refused")
    rollback = task("rollback", "make the champion before the present one champion again")
    for moves in (promote, rollback):
        moves.add_argument("--why", required=True, help="a sentence for the record")
    task("retrain", "decide from the prediction log whether to train a challenger, and train it")
    task("judge", "let the challenger in by the gate's rules, or send it away")
    replay = task("replay", "play past days through the running service")
    replay.add_argument(
        "--day", type=date.fromisoformat, help=f"a service date, such as {PROBLEM.held_out[0]}; or several:"
    )
    _days(replay, None, None)
    replay.add_argument("--speed", type=float, help="times real time; as fast as it goes if it is not said")
    replay.add_argument("--minutes", type=int, default=1, help="of an interval; over 1, its questions share requests")
    letters = task("letters", "print the events that the consumer refused, with the reason")
    which = letters.add_mutually_exclusive_group()
    which.add_argument("--replay", action="store_true", help="and append them to the log again, after a mend")
    which.add_argument("--dismiss", action="store_true", help="and leave them out for good")
    task("consume", "take events from the log into the online store, until stopped; `replay` then leaves it to this")


def _days(parser: argparse.ArgumentParser, first: date | None, last: date | None) -> None:
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=first, help="the first day")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, default=last, help="and the last")


if __name__ == "__main__":
    sys.exit(main())
