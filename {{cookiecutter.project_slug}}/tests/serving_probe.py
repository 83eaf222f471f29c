"""What the serving tests share: a caller that can send anything, and a look at the service's processes."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from mlsystem.serving.run import Running
from mlsystem.settings import Settings

Found = TypeVar("Found")
JSON = {"content-type": "application/json"}
TRIES = 10


def own_copy(built: Settings, data_dir: Path) -> Settings:
    """Settings that read the built features and models, and have a store, a log and a port of their own."""
    data_dir.mkdir(parents=True)
    for name in ("validated_dir", "features_dir", "models_dir"):
        source = getattr(built, name)
        (data_dir / source.name).symlink_to(source)
    return Settings(data_dir=data_dir, reports_dir=data_dir / "reports", serving_port=free_port())


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Reply:
    status: int
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


def send(running: Running, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
    """One request on a connection of its own. A server that refuses a large body may hang up before reading all."""
    connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=60)
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Reply(response.status, response.read())
    finally:
        connection.close()


def ask(running: Running, *questions: dict[str, Any]) -> Reply:
    return send(running, "POST", "/predict", json.dumps({"questions": questions}).encode(), JSON)


def ask_patiently(running: Running, *questions: dict[str, Any]) -> Reply:
    """As one asks who does what Retry-After says: a busy machine sends some away, as it should."""
    for _ in range(TRIES):
        reply = ask(running, *questions)
        if reply.status != 429:
            break
        time.sleep(1)
    return reply


def answers(running: Running, *questions: dict[str, Any]) -> list[dict[str, Any]]:
    reply = ask_patiently(running, *questions)
    assert reply.status == 200, reply.body
    return reply.content["predictions"]


def workers(running: Running) -> list[psutil.Process]:
    """The processes that answer, not the parent that watches over them."""
    found = []
    for child in psutil.Process(running.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if any("spawn_main" in word for word in child.cmdline()):
                found.append(child)
    return found


def pids(running: Running) -> list[int]:
    return sorted(worker.pid for worker in workers(running))


def workers_but(running: Running, known: Iterable[int], number: int = 1) -> list[psutil.Process]:
    """The workers that are none of the known, if there are so many of them: one look, to wait for and go on with."""
    found = [worker for worker in workers(running) if worker.pid not in known]
    return found if len(found) == number else []


def accepts_connections(worker: psutil.Process, running: Running) -> bool:
    """Whether it took one of some new connections: who has begun to answer does, sooner or later."""
    host, port = running.url.removeprefix("http://").split(":")
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection((host, int(port)), timeout=60)) for _ in range(TRIES)]
        time.sleep(0.1)  # for the kernel to hand them out
        ours = {one.getsockname()[1] for one in opened}
        return any(one.raddr and one.raddr.port in ours for one in worker.net_connections("tcp"))


@contextmanager
def only_worker(worker: psutil.Process, running: Running) -> Iterator[None]:
    """Only this worker, which `accepts_connections`, answers: the others are stopped, so they accept nothing.

    Who is stopped for longer than a worker may hang is replaced, as it should be.
    """
    stopped = [one for one in workers(running) if one.pid != worker.pid]
    for one in stopped:
        one.suspend()
    try:
        yield
    finally:
        for one in stopped:
            with suppress(psutil.NoSuchProcess):
                one.resume()


def metric(text: str, name: str, **labels: str) -> float:
    """The sum over the series of this name that have these labels."""
    total = 0.0
    for line in text.splitlines():
        series, _, value = line.rpartition(" ")
        if series.split("{")[0] == name and all(f'{key}="{said}"' in series for key, said in labels.items()):
            total += float(value)
    return total


def scrape(running: Running) -> str:
    return send(running, "GET", "/metrics").body.decode()


def wait_until(look: Callable[[], Found], seconds: float = 90) -> Found:
    """The first look that is true, or the last: assert on it, not on another. Long: a user's laptop is never quiet."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
