"""Whether a server is ready, and whether it is this one: another may answer on its port."""

import json
import subprocess
import time
from pathlib import Path

import psutil

from mlsystem import addresses, child_processes
from mlsystem.errors import UserError
from mlsystem.processes.servers import Server

STARTUP_SECONDS = 120  # MLflow took up to a minute on a busy machine
FINAL = " (it says so itself)"


class NotUp(UserError):
    """The servers of this project do not run, not all of them, or not with these settings."""


def wait(server: Server, process: subprocess.Popen, log: Path) -> None:
    """Until it answers that it is ready, and the answer is its own. Raises NotUp."""
    started = time.monotonic()
    while (because := _not_ready_because(server, process)) is not None:
        if process.poll() is not None or because.endswith(FINAL) or time.monotonic() > started + STARTUP_SECONDS:
            said = because.removesuffix(FINAL)
            raise NotUp(f"{server.name} is not ready: {said}; nothing was left running. {log} ends with:\n{_tail(log)}")
        time.sleep(0.1)


def _not_ready_because(server: Server, process: subprocess.Popen) -> str | None:
    if process.poll() is not None:
        return f"its process ended with {process.returncode}"
    try:
        status, body = addresses.ask(f"{server.address.url}{server.ready}")
    except OSError as nothing:
        return f"no answer from {server.address.url} ({nothing})"
    if not _listens(process, server.address.port):
        return f"another process answers at {server.address.url}"
    if status == 200:
        return None
    said = json.loads(body).get("error") if body.startswith(b"{") else None
    return f"{said}{FINAL}" if said else f"status {status}"


def _listens(process: subprocess.Popen, port: int) -> bool:
    """Whether it is one of this family that listens there."""
    try:
        found = (one for member in child_processes.below(process.pid) for one in member.net_connections("tcp"))
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in found)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # not told; then that the port was free before, and that the process lives, must do


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
