"""`make up` and `make down`: the processes of a running system, each in a group of its own, remembered in one file."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from mlsystem import storage
from mlsystem.flows.progress import say
from mlsystem.model_registry.tracking import tracking_uri
from mlsystem.settings import ROOT, Settings

STARTUP_SECONDS = 120  # MLflow took up to a minute on a busy machine
SHUTDOWN_SECONDS = 15


def start_all(settings: Settings) -> int:
    """Start what is not running yet, all at once, and wait until each answers; the exit code."""
    commands = _commands(settings)
    started = {}
    for name, (command, port) in commands.items():
        if _answers(port):
            say(f"{name}: port {port} is in use; left alone")
            continue
        started[name] = _start(name, command, settings)
        _remember(settings, name, started[name].pid)
    say(f"starting {', '.join(started)}")
    for name, process in started.items():
        if not _wait(commands[name][1], process):
            say(f"{name} did not start; the end of {_log(settings, name)}:\n{_tail(_log(settings, name))}")
            return 1
        say(f"{name}: http://{settings.serving_host}:{commands[name][1]}")
    if "prometheus" not in commands:
        say("prometheus is not installed, so nothing scrapes /metrics; Debian's package is called prometheus")
    say("`make down` stops them")
    return 0


def stop_all(settings: Settings) -> None:
    """Stop what `start_all` started, with all its children: politely, then not."""
    remembered = _remembered(settings)
    for name, (pid, started_at) in remembered.items():
        _stop(pid, started_at)
        say(f"{name}: stopped")
    _state(settings).unlink(missing_ok=True)
    if not remembered:
        say("nothing of this project is running")


@contextmanager
def a_service(settings: Settings) -> Iterator[None]:
    """The service that `start_all` started, if it still runs; else one for the time of a `with`. Raises NotStarted."""
    from mlsystem.serving.run import running_service

    pid, started_at = _remembered(settings).get("service", (0, 0.0))
    if _is(pid, started_at):
        yield
        return
    say("starting the service")
    with running_service(settings):
        yield


def _is(pid: int, started_at: float) -> bool:
    """Whether the process of that number is still the one that was started then."""
    try:
        return bool(pid) and psutil.Process(pid).create_time() == started_at
    except psutil.NoSuchProcess:
        return False


def _stop(pid: int, started_at: float) -> None:
    """Stop the process, unless it has gone and its number is somebody else's by now."""
    family = []
    with suppress(psutil.NoSuchProcess):
        if _is(pid, started_at):
            parent = psutil.Process(pid)
            family = [parent, *parent.children(recursive=True)]
            parent.terminate()  # a server stops its own workers; what is left over is stopped below
    _, left = psutil.wait_procs(family, timeout=SHUTDOWN_SECONDS)
    for process in left:
        process.kill()


def _commands(settings: Settings) -> dict[str, tuple[list[str], int]]:
    """Name -> (command, port). Prometheus only where it is installed: it is no Python package."""
    from mlsystem.serving.run import serve_command

    host, python = settings.serving_host, sys.executable
    mlflow = [python, "-m", "mlflow", "ui", "--backend-store-uri", tracking_uri(settings.models_dir), "--host", host]
    commands = {
        "service": (serve_command(settings), settings.serving_port),
        "consumer": ([python, "-m", "mlsystem", "consume"], settings.consumer_port),
        "mlflow": ([*mlflow, "--port", str(settings.mlflow_port), "--workers", "1"], settings.mlflow_port),
        "prefect": (
            [python, "-m", "prefect", "server", "start", "--host", host, "--port", str(settings.prefect_port)],
            settings.prefect_port,
        ),
    }
    if shutil.which("prometheus"):
        config = ["--config.file", str(ROOT / "ops/prometheus/prometheus.yml")]
        data = ["--storage.tsdb.path", str(settings.data_dir / "tools/prometheus")]
        address = f"{host}:{settings.prometheus_port}"
        command = ["prometheus", *config, *data, "--web.listen-address", address]
        commands["prometheus"] = (command, settings.prometheus_port)
    return commands


def _start(name: str, command: list[str], settings: Settings) -> subprocess.Popen:
    log = _log(settings, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )


def _wait(port: int, process: subprocess.Popen) -> bool:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(port):
            return True
        time.sleep(0.2)
    return False


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        connection.settimeout(1)
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _state(settings: Settings) -> Path:
    return settings.data_dir / "tools" / "running.json"


def _log(settings: Settings, name: str) -> Path:
    return settings.data_dir / "tools" / "logs" / f"{name}.log"


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def _remembered(settings: Settings) -> dict[str, tuple[int, float]]:
    """Name -> (process id, when it started): an id alone is given to another process one day."""
    return json.loads(_state(settings).read_text()) if _state(settings).exists() else {}


def _remember(settings: Settings, name: str, pid: int) -> None:
    started_at = psutil.Process(pid).create_time()
    storage.write_text(_state(settings), json.dumps(_remembered(settings) | {name: (pid, started_at)}))
