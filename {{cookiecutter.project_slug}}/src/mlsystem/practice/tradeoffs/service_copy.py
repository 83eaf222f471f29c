"""The service as it is, on a free port, with a store and a log of its own: nothing of the running system is touched."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.replay.replay import as_question
from mlsystem.replay.timeline import first_asked, questions_of
from mlsystem.serving.run import Running, running_service
from mlsystem.settings import Settings

STATE = "practice/service"  # of the data folder


@contextmanager
def prepared(settings: Settings, moment: datetime) -> Iterator[Settings]:
    """Settings with a copy of the models, and with an online store as it was at that moment; gone after the `with`."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store

    own = settings.model_copy(update={"state": STATE, "serving_host": "127.0.0.1"})
    shutil.rmtree(own.data_dir / STATE, ignore_errors=True)  # what a kill has left
    try:
        shutil.copytree(settings.models_dir, own.models_dir)
        OnlineFeatures(open_store(own.features_dir, own.online_dir)).materialise(moment)
        yield own
    finally:
        shutil.rmtree(own.data_dir / STATE, ignore_errors=True)


@contextmanager
def service(own: Settings, workers: int) -> Iterator[Running]:
    """It answers, with so many workers, for the time of a `with`."""
    with running_service(own.model_copy(update={"workers": workers, "serving_port": _free_port()})) as running:
        yield running


def moment_and_questions(settings: Settings, number: int) -> tuple[datetime, list[Question]]:
    """A moment in the middle of those held-out days that are there, and the next questions. Raises NothingAsked."""
    first, last = max(PROBLEM.held_out[0], settings.first_day), min(PROBLEM.held_out[1], settings.last_day)
    if first > last:
        first, last = settings.first_day, settings.last_day
    day = first_asked(first + (last - first) // 2, last, settings.validated_dir)
    asked = list(islice(_from(day, last, settings), number * 2))
    moment = asked[len(asked) // 4].as_of  # some hours of the day are over
    later = [one for one in asked if one.as_of >= moment]
    return moment, later[:number]


def as_asked(question: Question, moment: datetime) -> dict[str, Any]:
    """The question as it is sent at the moment: what the store holds is for then."""
    return as_question(question) | {"as_of": moment.isoformat()}


def _from(day: date, last: date, settings: Settings) -> Iterator[Question]:
    while day <= last:
        yield from questions_of(day, settings.validated_dir)
        day += timedelta(days=1)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
