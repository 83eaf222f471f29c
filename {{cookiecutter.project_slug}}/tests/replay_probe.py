"""What the tests of a replay share: a day played into an online store, and what the store answered beside offline."""

from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.feature_store import training_sets
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.replay.replay import Replayed, Span, State, begin, percentiles, replay
from mlsystem.settings import Settings
from mlsystem.streaming.consumer import FeatureConsumer
from mlsystem.streaming.event_log import EventLog
from questions import as_said

Answers = dict[Question, dict[str, Any]]


class Enough(Exception):
    """As many questions as the test wanted."""


def play(
    span: Span, built: Settings, online: OnlineFeatures, folder: Path, ask: Callable, per_request: int = 1
) -> Replayed:
    """Play on from where a replay in this folder stopped, or from the beginning, with a consumer of its own."""
    with closing(EventLog(folder / "events.db")) as log:
        state = State(folder / "replay.json")
        begin(span, built.validated_dir, log, online, state)
        with closing(FeatureConsumer(log, online, timedelta(minutes=10))) as consumer:
            played = replay(span, built.validated_dir, log, consumer, ask, state, per_request)
        state.drop()
        return played


def served(online: OnlineFeatures, built: Settings, day: date, folder: Path, at_most: int = 10_000) -> Answers:
    """What the online store answered to each question while the day was played."""
    answers: Answers = {}

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        (said,) = request["questions"]
        question = as_said(said)
        (stored,) = online.lookup([question])
        answers[question] = dict(stored.values)
        if len(answers) == at_most:
            raise Enough
        return {"predictions": [{"degraded": stored.is_degraded}]}

    try:
        replayed = play(Span(day, day), built, online, folder, ask)
        assert (replayed.requests, replayed.errors) == (len(answers), 0)
        assert all(milliseconds > 0 for milliseconds in percentiles(replayed.latencies))
    except Enough:
        pass
    return answers


def differences(
    online: OnlineFeatures, built: Settings, answers: Answers, day: date, moment: datetime | None = None
) -> list[tuple[str, str, Any, Any]]:
    """Each stored feature of each answered question that the offline join gives another value for: id, name, values.

    All were asked at that moment, if not at the usual one of each.
    """
    rows = training_sets.with_as_of(storage.Partitions(built.validated_dir / PROBLEM.asked_of).read([day]).to_pandas())
    if moment is not None:
        rows = rows.assign(event_timestamp=pd.Timestamp(moment))
    joined = training_sets.historical_features(online.store, rows).to_dict("records")
    offline = {row[PROBLEM.id_column]: row for row in joined}
    found = []
    for question, values in answers.items():
        row = offline[question.id]
        for feature in PROBLEM.stored_features:
            here, there = values[feature.name], row[feature.name]
            is_same = here is None if pd.isna(there) else here is not None and _is_near(here, there)
            if not is_same:
                found.append((question.id, feature.name, here, there))
    return found


def _is_near(here: Any, there: Any) -> bool:
    difference = (here - there).total_seconds() if isinstance(here, datetime) else here - there
    return abs(difference) <= 1e-6


def known_between(rows: pa.Table, after: datetime | None, until: datetime) -> pa.Table:
    """The rows that became known after `after` and up to `until`."""
    moments = rows.column("known_at")
    is_due = pc.less_equal(moments, until)
    return rows.filter(is_due if after is None else pc.and_(is_due, pc.greater(moments, after)))
