"""Start the service as a process of its own, wait until it is ready, and stop it without dropping an answer."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from mlsystem import child_processes
from mlsystem.addresses import address, ask
from mlsystem.errors import UserError
from mlsystem.settings import ROOT, Settings, child_environment, mark_of_children

SERVER = "mlsystem.serving.server"
STOP_SECONDS = 20  # the longest that a request may take, and a little
START_SECONDS = 180.0  # 10 to 15 on an idle laptop, most of it to import Feast and MLflow; 30 on a busy one


class NotStarted(UserError):
    """The service could not be started, or did not become ready; the message says why."""


@dataclass
class Running:
    """A started service: its address, its log and its process, the first of a family."""

    url: str
    log_path: Path
    process: subprocess.Popen
    mark: str = "?"  # of all its processes; see child_processes.py

    def stop(self) -> None:
        """Requests that were begun are answered, new ones refused; what does not end by itself is killed."""
        if self.process.poll() is None:
            # Only the first is asked: it stops its workers, of which one may take all the time, and it a moment more.
            child_processes.end(child_processes.below(self.process.pid), STOP_SECONDS + 10)
        child_processes.end(child_processes.marked(self.mark), 0)  # what a parent that was killed has left
        self.process.wait()

    def not_ready_because(self) -> str | None:
        """Why the service would not answer now, or None if it is ready."""
        try:
            status, content = ask(f"{self.url}/readyz")
        except OSError as problem:
            return f"no answer: {problem}"
        if status == 200:
            return None
        return str(json.loads(content)["error"]) if content.startswith(b"{") else f"status {status}"


def start(settings: Settings, start_seconds: float = START_SECONDS) -> Running:
    """The running service, ready to answer. Raises NotStarted with the reason and the last lines of its log."""
    at = address(settings, "serving")
    if not at.is_free():
        raise NotStarted(
            f"port {at.port} is in use{listener(at.port)}; stop it (`make down` if "
            f"`make up` started it, else `kill` it), or set MLSYSTEM_SERVING_PORT to another"
        )
    log_path = _home(settings) / "service.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    mark = child_processes.new_mark(
        mark_of_children(child_processes.MARK) or child_processes.project_mark(settings.data_dir), "service"
    )
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            serve_command(settings),
            env=child_environment(settings, **{child_processes.MARK: mark}),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(at.url, log_path, process, mark)
    try:
        _wait(running, start_seconds)
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


def serve_command(settings: Settings) -> list[str]:
    """The command that becomes the service with these settings, whatever the environment says."""
    return [sys.executable, "-m", "mlsystem.serving.run", settings.model_dump_json()]


def main(settings: Settings) -> None:
    """Become the service. The workers' counts begin anew, in a folder of this server's own: with a shared one, one
    server's scrape shows another's workers.
    """
    counts = metrics_dir(settings)
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True)
    # Feast has a name of its own for that folder; not told, it makes one that stays behind when a worker is stopped.
    own = dict.fromkeys(("PROMETHEUS_MULTIPROC_DIR", "PROMETHEUS_MULTIPROCESS_DIR"), str(counts))
    own |= {"BENTOML_HOME": str(counts.parent), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": str(settings.threads)}
    command, environment = [sys.executable, "-m", SERVER], child_environment(settings, **own)
    if os.name == "nt":  # there the new program would be another process, and this one gone
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)
    os.execve(sys.executable, command, environment)


def metrics_dir(settings: Settings) -> Path:
    """Where the workers count."""
    return _home(settings) / "metrics"


def _home(settings: Settings) -> Path:
    return settings.data_dir / "tools" / f"serving-{settings.serving_port}"


def _wait(running: Running, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (reason := running.not_ready_because()) is not None:
        is_over = running.process.poll() is not None or not reason.startswith("no answer")
        if is_over or time.monotonic() > deadline:
            last = "\n".join(running.log_path.read_text(errors="replace").splitlines()[-15:])
            raise NotStarted(f"the service is not ready: {reason}\nits log, {running.log_path}, ends with:\n{last}")
        time.sleep(0.1)


def listener(port: int) -> str:
    """Which process listens there, as far as the system tells: of a service that was left behind, its first."""
    try:
        listening = (one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN and one.pid)
        holder = next(psutil.Process(one.pid) for one in listening if one.laddr.port == port)
        serving = [one for one in (holder, *holder.parents()) if SERVER in one.cmdline()]
    except (psutil.Error, StopIteration):  # macOS tells root alone; and it may end meanwhile
        return ""
    return f" by process {(serving or [holder])[-1].pid}"


if __name__ == "__main__":
    main(Settings.model_validate_json(sys.argv[1]))
