"""A service of one's own to measure: the real one, on the built system read only, with a log to throw away."""

import json
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil

from mlsystem import child_processes
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.practice.capacity.callers import post
from mlsystem.settings import Settings

DAY, NOW = PROBLEM.example.service_date, PROBLEM.example.as_of
SPAN = timedelta(hours=1)  # the questions of so long are asked, in turn: the store knows what was known then


@dataclass(frozen=True)
class OwnService:
    """One worker, so that its figures are those of one core; the callers have another."""

    settings: Settings
    worker: psutil.Process
    questions: tuple[Question, ...]

    @property
    def port(self) -> int:
        return self.settings.serving_port

    def cpu_seconds(self) -> float:
        """What the worker has computed so far."""
        spent = self.worker.cpu_times()
        return float(spent.user + spent.system)

    def requests(self, size: int) -> list[bytes]:
        """Requests of `size` questions each, that go through all of them."""
        return [post(body) for body in bodies(self.questions, size)]


def bodies(questions: Sequence[Question], size: int) -> list[bytes]:
    from mlsystem.replay.replay import as_question

    asked = [as_question(one) for one in questions]
    starts = range(0, len(asked), size)
    return [json.dumps({"questions": [asked[(at + n) % len(asked)] for n in range(size)]}).encode() for at in starts]


@contextmanager
def own_settings(settings: Settings) -> Iterator[Settings]:
    """The built system, read only, with a store loaded as of NOW; in a folder that is gone afterwards."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store

    with tempfile.TemporaryDirectory(prefix="capacity-") as made:
        folder = Path(made)
        for source in (settings.validated_dir, settings.features_dir, settings.models_dir):
            (folder / source.name).symlink_to(source.resolve())
        changes = {"data_dir": folder, "state": "", "workers": 1, "serving_host": "127.0.0.1"}
        own = settings.model_copy(update=changes | {"serving_port": _free_port()})
        OnlineFeatures(open_store(own.features_dir, own.online_dir)).materialise(NOW)
        yield own


@contextmanager
def own_service(own: Settings) -> Iterator[OwnService]:
    """Raises serving.run.NotStarted."""
    from mlsystem.replay.timeline import questions_of
    from mlsystem.serving.run import running_service

    mark = child_processes.project_mark(own.data_dir)
    child_processes.watch([child_processes.head_of(psutil.Process().pid, mark)])  # a kill leaves no service behind
    asked = tuple(one for one in questions_of(DAY, own.validated_dir) if NOW <= one.as_of < NOW + SPAN)
    with running_service(own) as running:
        yield OwnService(own, psutil.Process(running.process.pid), asked)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
