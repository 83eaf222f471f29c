"""What can be known at the start is looked at there, not after three minutes: disk, folders, ports, the champion."""

import shutil
import tempfile
from collections.abc import Mapping

from mlsystem import databases
from mlsystem.addresses import Address, address
from mlsystem.errors import UserError
from mlsystem.serving.run import listener
from mlsystem.settings import Settings, child_environment, tools_dir

USES_PREFECT = {
    "demo",
    "ingest",
    "features",
    "backfill",
    "train",
    "retrain",
    "judge",
    "replay",
    "smoke",
    "monitor",
    "up",
}
USES_MODELS = {"demo", "train", "retrain", "judge", "replay", "smoke", "monitor", "up", "models", "promote", "rollback"}
USES_EVENTS = {"demo", "backfill", "retrain", "judge", "replay", "smoke", "monitor", "up", "consume", "letters"}
USES_ONLINE = {"demo", "backfill", "train", "retrain", "replay", "monitor", "up", "consume"}
ROOM_GB, LITTLE_GB = {"demo": 1.0}, 0.1  # a demo leaves 0.2, and half as much aside on its way


class NotPrepared(UserError):
    """Something that the task needs is not there."""


def check_room(settings: Settings, task: str, needed: float = LITTLE_GB) -> None:
    """Folders that can be written to, on a disk with `needed` GB free. Raises NotPrepared."""
    if "?" in str(settings.data_dir.resolve()):  # what an SQLAlchemy URL has after it is options
        raise NotPrepared(
            f"{settings.data_dir} has a ? in it, where MLflow's path ends; set MLSYSTEM_DATA_DIR to another"
        )
    for folder in (settings.data_dir, settings.reports_dir):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as refused:
            variable = "MLSYSTEM_DATA_DIR" if folder == settings.data_dir else "MLSYSTEM_REPORTS_DIR"
            raise NotPrepared(
                f"cannot write into {folder} ({refused.strerror}); set {variable} to another"
            ) from refused
    free = shutil.disk_usage(settings.data_dir).free / 1e9
    if free < needed:
        raise NotPrepared(
            f"the disk of {settings.data_dir} has {free:.2f} GB free and `{task}` needs {needed:g}; make room, or set "
            f"MLSYSTEM_DATA_DIR to a folder on another disk"
        )


def check_free(wanted: Mapping[str, Address]) -> None:
    """The servers' ports, all of them looked at before one is taken. Raises NotPrepared."""
    for name, at in wanted.items():
        variable = f"MLSYSTEM_{'SERVING' if name == 'service' else name.upper()}"
        try:
            is_free = at.is_free()
        except OSError as never:
            raise NotPrepared(
                f"{name} cannot listen on {at.host}:{at.port} ({never.strerror}); set {variable}_HOST and _PORT to an "
                f"address of this machine"
            ) from never
        if not is_free:
            raise NotPrepared(
                f"port {at.port}, for {name}, is in use{listener(at.port)}; stop it, or set {variable}_PORT to another"
            )


def check_champion(settings: Settings) -> None:
    """A model to answer with. Raises NotPrepared. `check_state` comes first."""
    from mlsystem.model_registry import versions

    if versions.CHAMPION not in versions.aliases_at_rest(settings.models_dir):
        raise NotPrepared(
            f"no model is champion in {settings.models_dir}: `make demo` runs the whole system, `make train` trains one"
        )


def prefect_database(settings: Settings) -> databases.ToolDatabase:
    """The runs, their logs and artifacts."""
    path, upgrade = tools_dir(settings) / "prefect" / "prefect.db", ("server", "database", "upgrade", "--yes")
    return databases.ToolDatabase("prefect", path, upgrade, "PREFECT_HOME")


def check_state(settings: Settings, task: str) -> None:
    """The databases that the task works with can be read, and are of the versions that are installed.

    Raises UnreadableDatabase, OtherVersion.
    """
    from mlsystem.model_registry import tracking
    from mlsystem.progress import say

    environment, prefect = child_environment(settings), prefect_database(settings)
    if task in USES_PREFECT:
        databases.check_version(prefect, environment, say)
    if task in USES_PREFECT and not prefect.path.exists():
        databases.note(prefect)
    if task in USES_MODELS:
        databases.check_version(tracking.database(settings.models_dir), environment, say)
    if task in USES_EVENTS:
        from mlsystem.replay.logs import log_path
        from mlsystem.streaming import event_log

        databases.check_readable(log_path(settings), event_log.REMEDY)
    if task in USES_ONLINE:
        databases.check_readable(settings.online_dir / "online.db", "move it away; `make replay` fills a new one")


def check_task(task: str, settings: Settings) -> None:
    """What the task needs and can be known before it works. Raises NotPrepared."""
    if task in ("deploy", "up"):  # `up` looks itself, at what it has to start
        return
    if task in USES_PREFECT:
        check_room(settings, task, ROOM_GB.get(task, LITTLE_GB))
    check_state(settings, task)
    if task == "consume":
        check_free({"consumer": address(settings, "consumer")})
    if task in ("replay", "smoke", "judge", "retrain", "monitor"):
        check_champion(settings)
    if task in ("demo", "replay", "smoke"):
        from mlsystem.processes.manager import as_running, is_up

        if not is_up(settings, "service"):
            check_free({"service": address(as_running(settings), "serving")})
