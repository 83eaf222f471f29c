"""Start the service as a process of its own, wait until it is ready, and stop it without dropping an answer."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mlsystem.settings import ROOT, TOOL_ENVIRONMENT, Settings

SERVICE = "mlsystem.serving.service:FlightDelays"
START_SECONDS = 90.0  # 8 to 15 on an idle machine: importing Feast and MLflow takes most of it
STOP_SECONDS = 20  # the longest that a request in flight may take, and a little


class NotStarted(RuntimeError):
    """The service could not be started, or did not become ready; the message says why."""


@dataclass
class Running:
    """A started service: its address, its log and its process, the head of a process group."""

    url: str
    log_path: Path
    process: subprocess.Popen

    def stop(self) -> None:
        """Requests in flight are answered, new ones refused; what does not end by itself is killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # to the parent alone: it stops its workers one by one
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        _kill_group(self.process)

    def not_ready_because(self) -> str | None:
        """Why the service would not answer now, or None if it is ready."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                return None
        except urllib.error.HTTPError as refusal:
            content = refusal.read()
            return str(json.loads(content)["error"]) if content.startswith(b"{") else f"status {refusal.code}"
        except OSError as problem:
            return f"no answer: {problem}"


def start(settings: Settings, wait_seconds: float = START_SECONDS) -> Running:
    """The running service, ready to answer. Raises NotStarted with the reason and the last lines of its log."""
    if _is_taken(settings.serving_host, settings.serving_port):
        raise NotStarted(
            f"port {settings.serving_port} is in use; stop what runs there (`make down`) "
            f"or set MLSYSTEM_SERVING_PORT to another"
        )
    home = settings.data_dir / "tools" / f"serving-{settings.serving_port}"
    shutil.rmtree(home, ignore_errors=True)  # the last run's counters must not be added to this one's
    (home / "metrics").mkdir(parents=True)
    log_path = home / "service.log"
    command = [sys.executable, "-m", "bentoml", "serve", SERVICE]
    command += ["--host", settings.serving_host, "--port", str(settings.serving_port)]
    command += ["--timeout-graceful-shutdown", str(STOP_SECONDS)]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            env=os.environ | environment(settings, home),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(f"http://{settings.serving_host}:{settings.serving_port}", log_path, process)
    try:
        _wait(running, wait_seconds)
    except BaseException:
        running.stop()
        raise
    return running


@contextmanager
def running_service(settings: Settings) -> Iterator[Running]:
    """The service for the time of a `with`."""
    running = start(settings)
    try:
        yield running
    finally:
        running.stop()


def environment(settings: Settings, home: Path) -> dict[str, str]:
    """What the service's processes must know: these settings, and folders that they share with no other server."""
    said = {f"MLSYSTEM_{name.upper()}": str(value) for name, value in settings.model_dump(mode="json").items()}
    own = {"BENTOML_HOME": str(home), "PROMETHEUS_MULTIPROC_DIR": str(home / "metrics")}
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT / "src")]))
    threads = {"OMP_NUM_THREADS": str(settings.threads)}
    return TOOL_ENVIRONMENT | said | own | threads | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def _wait(running: Running, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (reason := running.not_ready_because()) is not None:
        is_over = running.process.poll() is not None or not reason.startswith("no answer")
        if is_over or time.monotonic() > deadline:
            last = "\n".join(running.log_path.read_text(errors="replace").splitlines()[-15:])
            raise NotStarted(f"the service is not ready: {reason}\nits log, {running.log_path}, ends with:\n{last}")
        time.sleep(0.1)


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def _kill_group(process: subprocess.Popen) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
