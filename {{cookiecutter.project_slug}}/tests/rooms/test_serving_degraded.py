"""The feature store down, locked or slow, and too many callers: what is said then, and how soon it is over."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from mlsystem.serving.run import Running, running_service
from mlsystem.settings import Settings
from questions import EXAMPLE, EXPECTED, SHORTEST_LIVED, too_old, varied
from serving_probe import Reply, answers, metric, scrape, send, wait_until
from steady_load import OPENING_SECONDS, Load, TimedAnswer, capacity, post, quantile

FAULT_SECONDS = 6.0
FULL, OVERLOADING_CALLERS = 16, 256  # so many keep both workers busy and are not refused; so many are
MANY = 100  # questions per request, so that the caller, who shares the cores, can really ask ten times too much
COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT max(i) AS most FROM n"
TABLE = f"mlsystem_{SHORTEST_LIVED.name}"
SLOW_VIEW = f"CREATE VIEW {TABLE} AS SELECT elsewhere.* FROM elsewhere, ({COUNT}) WHERE most > 0"
OLD = too_old(SHORTEST_LIVED)
Fault = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def locked(rows: Path) -> Iterator[None]:
    """Another process's writer that never ends; here another connection's."""
    with closing(sqlite3.connect(rows, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def slow(rows: Path) -> Iterator[None]:
    """A view's rows come from a view that counts for 2 seconds first: the real store, really slow."""
    with closing(sqlite3.connect(rows, isolation_level=None)) as connection:
        started = time.monotonic()
        connection.execute(COUNT.format(rows=1_000_000)).fetchall()
        a_million = time.monotonic() - started
        connection.execute(f"ALTER TABLE {TABLE} RENAME TO elsewhere")
        connection.execute(SLOW_VIEW.format(rows=int(2 / a_million * 1_000_000)))
    yield
    with closing(sqlite3.connect(rows, isolation_level=None)) as connection:
        connection.execute(f"DROP VIEW {TABLE}")
        connection.execute(f"ALTER TABLE elsewhere RENAME TO {TABLE}")


@contextmanager
def gone(rows: Path) -> Iterator[None]:
    """A table that is not there: every lookup fails at once."""
    with closing(sqlite3.connect(rows, isolation_level=None)) as connection:
        connection.execute(f"ALTER TABLE {TABLE} RENAME TO elsewhere")
        yield
        connection.execute(f"ALTER TABLE elsewhere RENAME TO {TABLE}")


@pytest.fixture(scope="module")
def own(make_settings: Callable[[], Settings]) -> Iterator[tuple[Settings, Running]]:
    settings = make_settings()
    rows = settings.online_dir / "online.db"
    with closing(sqlite3.connect(rows)) as connection:  # without a write-ahead log: a writer locks readers out
        connection.execute(f"VACUUM INTO '{rows.with_name('copy.db')}'")
    for path in rows.parent.glob("online.db*"):
        path.unlink()
    rows.with_name("copy.db").rename(rows)
    with running_service(settings) as running:
        yield settings, running


@contextmanager
def grown_old(rows: Path) -> Iterator[None]:
    """Rows of yesterday, as after a night without a consumer."""
    with closing(sqlite3.connect(rows, timeout=10, isolation_level=None)) as connection:
        connection.execute(f"UPDATE {TABLE} SET event_ts = event_ts - 86400")
        yield
        connection.execute(f"UPDATE {TABLE} SET event_ts = event_ts + 86400")


@dataclass
class Trouble:
    """A steady load before, while and after the store was in trouble."""

    load: Load
    broken: float  # time.time()
    broken_at_last: float
    mended: float
    readiness: Reply  # while it was in trouble
    about: Reply

    @property
    def answers(self) -> list[tuple[TimedAnswer, dict]]:
        return [(one, one.content["predictions"][0]) for one in self.load.answers]

    @property
    def during(self) -> list[dict]:
        """The answers of requests that met nothing but the trouble."""
        asked = [(one, answer) for one, answer in self.answers if self.broken_at_last <= one.sent_at]
        return [answer for one, answer in asked if one.answered_at < self.mended]

    def figures(self) -> dict[str, float]:
        return {
            "answers": len(self.during),
            "p99_healthy": quantile(self.load.between(self.broken - 4, self.broken), 0.99),
            "p99_in_trouble": quantile(self.load.between(self.broken, self.mended), 0.99),
            "recovered_after": max(one.sent_at for one, answer in self.answers if answer["degraded"]) - self.mended,
        }


def through(own: tuple[Settings, Running], fault: Fault) -> Trouble:
    settings, running = own
    requests = [post({"questions": [one]}) for one in varied(8)]
    with Load(settings.serving_port, requests, rate=60) as load:
        time.sleep(5)
        broken = time.time()
        with fault(settings.online_dir / "online.db"):
            broken_at_last = time.time()
            time.sleep(FAULT_SECONDS)
            readiness, about = send(running, "GET", "/readyz"), send(running, "GET", "/model")
            mended = time.time()
        time.sleep(5)
    return Trouble(load, broken, broken_at_last, mended, readiness, about)


def check_that_nobody_was_refused_or_misled(trouble: Trouble) -> None:
    assert trouble.load.errors == []
    assert {one.status for one in trouble.load.answers} == {200}
    assert trouble.during
    assert not any(answer["degraded"] for one, answer in trouble.answers if one.answered_at < trouble.broken)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [locked, slow, gone], ids=lambda fault: fault.__name__)
def test_a_store_in_trouble_costs_no_answer_and_little_time_and_is_asked_again_when_it_is_well(own, fault, measured):
    settings, running = own
    opened = metric(scrape(running), "feature_store_breaker_opened_total")

    trouble = through(own, fault)

    measured(f"store {fault.__name__}", budget=settings.lookup_budget_seconds, **trouble.figures())
    check_that_nobody_was_refused_or_misled(trouble)
    assert all(answer["degraded"] for answer in trouble.during)
    expected = {view.name for view in EXPECTED}
    assert all(answer["degraded"] or answer["feature_ages_seconds"].keys() >= expected for _, answer in trouble.answers)
    assert trouble.readiness.status == 200, "it answers as well as it can"
    assert "feature store cannot be read" in "".join(trouble.about.content["problems"])
    assert metric(scrape(running), "feature_store_breaker_opened_total") > opened
    assert wait_until(lambda: not any(answers(running, EXAMPLE)[0]["degraded"] for _ in range(8)))


@pytest.mark.slow
def test_rows_too_old_mark_every_answer_and_cost_nothing_else_and_fresh_ones_end_it(own, measured):
    settings, running = own
    counted = metric(scrape(running), "degraded_predictions_total", view=SHORTEST_LIVED.name, reason="stale")

    trouble = through(own, grown_old)

    measured("store grown_old", budget=settings.lookup_budget_seconds, **trouble.figures())
    check_that_nobody_was_refused_or_misled(trouble)
    assert {tuple(answer["degraded_because"]) for answer in trouble.during} == {(OLD,)}
    assert trouble.readiness.status == 200, "it answers as well as it can; freshness has an alert of its own"
    now = metric(scrape(running), "degraded_predictions_total", view=SHORTEST_LIVED.name, reason="stale")
    # Not all that are degraded: while the rows are written the store is locked, on a busy machine for long.
    assert now - counted == sum(OLD in answer["degraded_because"] for _, answer in trouble.answers)


@pytest.mark.slow
def test_ten_times_too_many_questions_leave_most_of_the_capacity_and_are_refused_at_once(own, measured):
    settings, _ = own
    requests = [post({"questions": varied(MANY)})] * OVERLOADING_CALLERS
    able = capacity(settings.serving_port, requests, connections=FULL)

    with Load(settings.serving_port, requests, rate=10 * able, connections=OVERLOADING_CALLERS) as load:
        time.sleep(2 + OVERLOADING_CALLERS * OPENING_SECONDS)
        start = time.time()
        time.sleep(6)
        end = time.time()

    told = [one for one in load.answers if start <= one.sent_at + one.seconds < end]  # when they were answered
    good, refused = ([one for one in told if one.status == status] for status in (200, 429))
    refusals = sorted(one.answered_in for one in refused)
    middle, slowest = (refusals[int(share * len(refusals))] for share in (0.5, 0.99))
    offered = len(told) / (end - start)
    goodput = len(good) / (end - start)
    measured("overload", capacity=able, offered=offered, goodput=goodput, refused_p50=middle, refused_p99=slowest)
    assert load.errors == []
    assert len(good) + len(refused) == len(told)
    assert refused
    assert good
    assert median(one.answered_in for one in refused) < median(one.answered_in for one in good) / 3, "not out of turn"
    assert all(b"retry-after: 1" in one.head for one in refused)
