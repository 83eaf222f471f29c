"""A system that `make up` started, for tests: its own folders, which shadow the built ones file by file, and ports."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from mlsystem import child_processes
from mlsystem.addresses import SERVERS
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.store import open_store
from mlsystem.settings import ROOT, Settings, child_environment
from mlsystem.storage import Partitions
from serving_probe import free_port

LONGEST_SECONDS = 240.0  # for anything that a machine does; a busy one needs longer, and no test ends too early


def mlsystem(settings: Settings, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "mlsystem", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=child_environment(settings), capture_output=True, text=True, check=False, timeout=400
    )


def begin(settings: Settings, log: Path, *arguments: str) -> subprocess.Popen:
    """A task that runs on; what it says goes into `log`."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "mlsystem", *arguments],
            cwd=ROOT,
            env=child_environment(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def own_ports() -> dict[str, int]:
    return {f"{name}_port": free_port() for name in SERVERS}


def shadow(built: Settings, data_dir: Path) -> Settings:
    """Folders of its own whose files are the built ones: a file that is replaced is replaced here alone."""
    for name in ("source_dir", "validated_dir", "features_dir"):
        source = getattr(built, name)
        for path in source.rglob("*.parquet"):
            there = data_dir / source.name / path.relative_to(source)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.symlink_to(path)
    (data_dir / built.models_dir.name).symlink_to(built.models_dir)
    settings = Settings(data_dir=data_dir, reports_dir=data_dir / "reports", **own_ports())
    open_store(settings.features_dir, settings.online_dir)
    return settings


def cut_delivery(settings: Settings, day: date) -> list[str]:
    """Leave three of a day's questions in what was delivered, which stops it; the reasons that validation may give."""
    delivered = Partitions(settings.source_dir / PROBLEM.asked_of)
    delivered.write(day, delivered.read([day]).slice(0, 3), delivered.fingerprint(day) or "")
    return [rule.reason for rule in PROBLEM.days.rules if rule.severity == "critical"]


def processes_of(settings: Settings) -> list[psutil.Process]:
    """All that live and were started by a task on these folders."""
    return child_processes.marked(child_processes.project_mark(settings.data_dir))


def waited(look: Callable[[], Any], seconds: float = LONGEST_SECONDS) -> Any:
    """What `look` gave once it gave something true; else what it gave last."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found
