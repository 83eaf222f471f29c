"""The breaker on the real store, without HTTP around it: when it opens, when it closes, and which file it reads."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.metrics.serving import ServingMetrics
from mlsystem.serving.breaker import MOST_ERRORS, Breaker
from mlsystem.settings import Settings
from questions import SHORTEST_LIVED

TABLE = f"mlsystem_{SHORTEST_LIVED.name}"
BUDGET_SECONDS = 5.0  # not what these tests are about, also on a busy machine


@pytest.fixture
def rows(make_settings: Callable[[], Settings]) -> Path:
    """The file of a store of the test's own."""
    return make_settings().online_dir / "online.db"


@pytest.fixture
def breaker(rows: Path) -> Breaker:
    store = open_store(rows.parents[1] / "3_features", rows.parent, register=False)
    return Breaker(OnlineFeatures(store), BUDGET_SECONDS, ServingMetrics(), PROBLEM.example)


@pytest.fixture
def question() -> Question:
    return PROBLEM.example


def rename(rows: Path, table: str, to: str) -> None:
    with closing(sqlite3.connect(rows, timeout=10)) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {to}")


def opened(breaker: Breaker) -> float:
    """So far in this process: after Feast's import, counters of one name share a file."""
    return float(breaker._metrics.breaker_opened._value.get())


def test_a_store_that_fails_again_and_again_is_left_alone_until_it_answers(breaker: Breaker, rows: Path, question):
    before = opened(breaker)
    rename(rows, TABLE, "elsewhere")

    failed = [breaker.lookup([question])[0] for _ in range(MOST_ERRORS + 2)]
    problem = breaker.problem
    rename(rows, "elsewhere", TABLE)
    deadline = time.monotonic() + 180
    while breaker.problem and time.monotonic() < deadline:
        time.sleep(0.1)

    assert all(stored.is_degraded and not stored.age_seconds for stored in failed)
    assert "no such table" in problem
    assert opened(breaker) == before + 1
    assert breaker.check() == ""
    assert not breaker.lookup([question])[0].is_degraded


def test_one_lookup_that_fails_costs_one_answer(breaker: Breaker, rows: Path, question):
    before = opened(breaker)
    rename(rows, TABLE, "elsewhere")
    failed = breaker.lookup([question])[0]
    rename(rows, "elsewhere", TABLE)

    assert failed.is_degraded
    assert not breaker.lookup([question])[0].is_degraded
    assert opened(breaker) == before


def test_a_store_that_is_restored_from_a_copy_is_read_at_once(breaker: Breaker, rows: Path, question):
    """Another file in the old one's place: whoever reads on in the old one never sees a new row."""
    copy = rows.with_name("copy.db")
    with closing(sqlite3.connect(rows)) as connection:
        connection.execute(f"VACUUM INTO '{copy}'")
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute(f"UPDATE {TABLE} SET event_ts = event_ts - 600")
    before = breaker.lookup([question])[0].age_seconds[SHORTEST_LIVED.name]

    for part in rows.parent.glob("online.db-*"):  # the old file's write-ahead log is not the new one's
        part.unlink()
    copy.rename(rows)

    assert breaker.lookup([question])[0].age_seconds[SHORTEST_LIVED.name] == before + 600
    rows.unlink()
    assert breaker.lookup([question])[0].is_degraded, "no file in its place: the open one is nobody's any more"
