"""What surrounds a task of the command line: what it needs, its children, its silences, and what a person is told."""

import argparse
import logging
from collections.abc import Callable
from contextlib import nullcontext

import psutil

from mlsystem.commands.domain_check import NOT_NEEDED, check_domain
from mlsystem.contract.tables import SourceMissing
from mlsystem.errors import UserError
from mlsystem.lanes import lane_tasks
from mlsystem.progress import never_silent
from mlsystem.settings import Settings, mark_children, use_prefect

RUNS_A_FLOW = {"demo", "ingest", "features", "backfill", "train", "retrain", "judge", "replay", "smoke", "monitor"}
STARTS_PROCESSES = {*RUNS_A_FLOW, "up", "deploy"}
HAS_A_VOICE = {"test", "prove", "endure", "check"}  # that of a tool, which prints into the same terminal
SERVES = {"consume", "deploy"}  # until stopped: quiet where there is nothing to say
USER_ERRORS = (UserError, SourceMissing, OSError)  # OSError: a full disk, a file that is not there


def keep_user_errors_short() -> None:
    """What a person can mend is told in one sentence; Prefect would log it with two pages of its own calls."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_short)


def _short(record: logging.LogRecord) -> bool:
    """The sentence alone, for the API; at a level that the console leaves out, for it is printed at the end."""
    if record.exc_info and isinstance(record.exc_info[1], USER_ERRORS):
        record.msg, record.args, record.exc_info = str(record.exc_info[1]), (), None
        record.levelno, record.levelname = logging.INFO, "INFO"
    elif "Finished in state Failed" in record.getMessage():  # says again what the sentence says
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True


def prepare(task: str, settings: Settings) -> None:
    """Before a task: look at what it needs, let its children end with it, and find the Prefect server that runs.

    Raises NotPrepared, UnreadableDatabase, OtherVersion.
    """
    from mlsystem import child_processes
    from mlsystem.processes import manager as processes
    from mlsystem.processes import preflight

    own = lane_tasks().get(task)
    if own is not None:
        own.check(settings)
    else:
        preflight.check_task(task, settings)
    if task not in STARTS_PROCESSES and not (own and own.runs_a_flow):
        return
    mark = child_processes.new_mark(child_processes.project_mark(settings.data_dir), task)
    mark_children(child_processes.MARK, mark)
    child_processes.watch([child_processes.head_of(psutil.Process().pid, mark)])
    if api := processes.prefect_api(settings):
        use_prefect(api)


def finish(task: str, settings: Settings) -> None:
    """After a task that went well: what it had of Prefect's is what this version of it makes."""
    own = lane_tasks().get(task)
    from mlsystem import databases
    from mlsystem.processes import preflight

    if task in preflight.USES_PREFECT or (own and own.runs_a_flow):
        databases.note_made(preflight.prefect_database(settings))


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Check the domain, prepare the task and do it, never silent for long; its exit code.

    Raises DomainIncomplete, NotPrepared, and what the task raises.
    """
    if options.task not in NOT_NEEDED:
        check_domain()
    with nullcontext() if options.task in HAS_A_VOICE | SERVES else never_silent(f"{options.task} imports its tools"):
        prepare(options.task, settings)
        status = int(_function(options.task)(options) or 0)
        finish(options.task, settings)
        return status


def _function(task: str) -> Callable[[argparse.Namespace], int | None]:
    from mlsystem.commands import tasks, upkeep

    own = lane_tasks().get(task)
    if own is not None:
        return own.run
    return getattr(upkeep if hasattr(upkeep, task) else tasks, task)
