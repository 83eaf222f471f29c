"""A process that has everything imported, and forks a child for each stage asked on stdin: a victim for SIGKILL.

A line in is "<stage> <seconds until it is killed> <folder>"; the line out is "ended <exit status> <seconds it took>".
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.feature_store import training_sets
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.features import build
from mlsystem.settings import Settings
from mlsystem.source import deliver
from mlsystem.validation import validate
from questions import DAY

DAYS = storage.day_range(DAY - timedelta(days=3), DAY)
FEATURE_DAYS = build.feature_days(DAYS[0], DAYS[-1])


def stage_deliver(settings: Settings) -> None:
    deliver.deliver(DAYS, settings.source_dir)


def stage_validate(settings: Settings) -> None:
    validate.validate(DAYS, settings.source_dir, settings.validated_dir)


def stage_build(settings: Settings) -> None:
    build.build(FEATURE_DAYS, settings.validated_dir, settings.features_dir)


def stage_training_set(settings: Settings) -> None:
    store = open_store(settings.features_dir, settings.data_dir / "registry")
    names = PROBLEM.asked_of, PROBLEM.label.table
    parts = [storage.Partitions(settings.validated_dir / name).read(DAYS).to_pandas() for name in names]
    path = settings.training_sets_dir / "set.parquet"
    storage.write_table(path, training_sets.training_set(store, *parts), "fingerprint")


def stage_materialise(settings: Settings) -> None:
    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir))
    online.materialise(datetime(DAY.year, DAY.month, DAY.day, 15, tzinfo=UTC))


STAGES: dict[str, Callable[[Settings], None]] = {
    "deliver": stage_deliver,
    "validate": stage_validate,
    "build": stage_build,
    "training_set": stage_training_set,
    "materialise": stage_materialise,
}


def main() -> None:
    deliver.read_year()  # so that a child is killed while it writes, not while it reads
    print("ready", flush=True)
    for line in sys.stdin:
        stage, seconds, folder = line.rstrip("\n").split(" ", 2)
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _run(stage, Path(folder))
        killer = threading.Timer(float(seconds), os.kill, (pid, signal.SIGKILL))
        killer.start()
        status = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # not reaped yet: the id stays its own
        killer.cancel()
        killer.join()
        os.waitpid(pid, 0)
        print("ended", status.si_status, time.monotonic() - started, flush=True)


def _run(stage: str, folder: Path) -> None:
    try:
        STAGES[stage](Settings(data_dir=folder, reports_dir=folder / "reports"))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
