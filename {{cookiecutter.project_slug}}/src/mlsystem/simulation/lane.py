"""What this lane adds: the task `year`, and its figures in README.md."""

import json
from argparse import ArgumentParser, Namespace
from datetime import date, timedelta
from pathlib import Path

from mlsystem.lanes import Lane, LaneTask
from mlsystem.settings import Settings, load_settings

STATE = "year"  # where its models, events and online rows lie: beside those of the system
FREE_GB = 1.0  # it leaves 0.2, and half as much aside on its way
MONTHS_BEFORE = 2  # that the first champion learns from


def default_days(settings: Settings) -> tuple[date, date]:
    """From the first of a month that has two whole months before it to the last day of the data."""
    month = settings.first_day.replace(day=1)
    for _ in range(MONTHS_BEFORE + (settings.first_day.day > 1)):
        month = (month + timedelta(days=31)).replace(day=1)
    return min(month, settings.last_day), settings.last_day


def own_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"state": STATE, "workers": 1})


def _add_arguments(parser: ArgumentParser) -> None:
    first, last = default_days(load_settings())
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=first, help="the first day")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, default=last, help="and the last")


def check(settings: Settings) -> None:
    """A disk with room, databases that can be read, a free port: it has a service of its own. Raises UserError."""
    from mlsystem.addresses import address
    from mlsystem.processes import preflight
    from mlsystem.processes.manager import as_running

    preflight.check_room(settings, "year", FREE_GB)
    preflight.check_state(settings, "ingest")
    preflight.check_state(own_settings(settings), "replay")
    preflight.check_free({"service": address(as_running(settings), "serving")})


def _run(options: Namespace) -> None:
    from mlsystem import storage

    storage.day_range(options.first, options.last)  # refused before Prefect starts
    from mlsystem.simulation.year import live

    live(options.first, options.last, load_settings())


def readme_figures(reports_dir: Path) -> str:
    """What the last `make year` found, as Markdown; empty before the first."""
    from mlsystem import storage
    from mlsystem.simulation.readme_figures import render

    source = reports_dir / "year.json"
    if not source.exists():
        return ""
    with storage.reading(source, "`make year` writes it anew"):
        return render(json.loads(source.read_text(encoding="utf-8")))


LANE = Lane(
    "The simulation",
    (
        LaneTask(
            "year",
            "let the system live through past months, and write reports/year.html",
            _add_arguments,
            check,
            _run,
            runs_a_flow=True,
        ),
    ),
    readme_figures,
)
