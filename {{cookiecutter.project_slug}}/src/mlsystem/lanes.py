"""Lanes: leaf rooms that a question at generation leaves out. What one adds is declared in its own `lane.py`."""

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlsystem.settings import Settings


@dataclass(frozen=True)
class LaneTask:
    """A task of the command line that a lane brings."""

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    check: Callable[["Settings"], None]  # what it needs and can be known before it works; raises UserError
    run: Callable[[Namespace], int | None]
    runs_a_flow: bool = False


@dataclass(frozen=True)
class Lane:
    """What a lane adds to the core, which asks for it and imports none by name."""

    group: str  # the heading of its tasks
    tasks: tuple[LaneTask, ...] = ()
    readme_figures: Callable[[Path], str] | None = None  # reports_dir -> Markdown, empty before its first run


def lanes() -> dict[str, Lane]:
    """Each lane that is there, by its room."""
    rooms = sorted(path.parent.name for path in Path(__file__).parent.glob("*/lane.py"))
    return {room: importlib.import_module(f"mlsystem.{room}.lane").LANE for room in rooms}


def lane_tasks() -> dict[str, LaneTask]:
    """Each task that a lane brings, by its name."""
    return {task.name: task for lane in lanes().values() for task in lane.tasks}
