"""Year == days == stream: one transformation code gives the same features however its facts arrive."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlsystem import storage
from mlsystem.domain import adapter
from mlsystem.domain.features import STORED_FEATURES, VIEWS
from mlsystem.domain.request import Flight
from mlsystem.feature_store import training_sets
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.features import build
from mlsystem.features.recent import RecentFacts
from mlsystem.flows.intervals import MINUTE, intervals, opening
from mlsystem.flows.replay import Replayed, Span, State, begin, percentiles, replay
from mlsystem.streaming.consumer import FeatureConsumer
from mlsystem.streaming.event_log import EventLog

STORMY_DAY = date(2013, 12, 9)
# Played newest first, on one store: what a later day has left there must not be seen by an earlier one.
DAYS = [STORMY_DAY, date(2013, 11, 5), date(2013, 10, 17)]


class Enough(Exception):
    """As many flights as the test wanted."""


@pytest.fixture(scope="module")
def online(featured, tmp_path_factory: pytest.TempPathFactory) -> OnlineFeatures:
    return OnlineFeatures(open_store(featured.settings.features_dir, tmp_path_factory.mktemp("online")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the log and the state of a replay are."""
    return tmp_path / "stream"


def play(span: Span, featured, online: OnlineFeatures, folder: Path, ask: Callable, per_request: int = 1) -> Replayed:
    """Play on from where a replay in this folder stopped, or from the beginning, with a consumer of its own."""
    with closing(EventLog(folder / "events.db")) as log:
        state = State(folder / "replay.json")
        begin(span, featured.settings.validated_dir, log, online, state)
        with closing(FeatureConsumer(log, online, timedelta(minutes=10))) as consumer:
            played = replay(span, featured.settings.validated_dir, log, consumer, ask, state, per_request)
        state.drop()
        return played


def served(
    online: OnlineFeatures, featured, day: date, folder: Path, at_most: int = 10_000
) -> dict[Flight, dict[str, Any]]:
    """What the online store answered for each flight while the day was played."""
    answers: dict[Flight, dict[str, Any]] = {}

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        (said,) = request["flights"]
        flight = as_flight(said)
        (stored,) = online.lookup([flight], [flight.as_of])
        answers[flight] = dict(stored.values)
        if len(answers) == at_most:
            raise Enough
        return {"predictions": [{"degraded": stored.is_degraded}]}

    try:
        replayed = play(Span(day, day), featured, online, folder, ask)
        assert (replayed.requests, replayed.errors) == (len(answers), 0)
        assert all(milliseconds > 0 for milliseconds in percentiles(replayed.latencies))
    except Enough:
        pass
    return answers


def as_flight(said: dict[str, Any]) -> Flight:
    moments = {name: datetime.fromisoformat(said[name]) for name in said if name.endswith("_at")}
    return Flight(**({name: said[name] for name in said if name != "as_of"} | moments))


def differences(online: OnlineFeatures, featured, answers: dict[Flight, dict[str, Any]], day: date) -> list[str]:
    """Each stored feature of each answered flight that the offline join gives another value for."""
    rows = storage.Partitions(featured.settings.validated_dir / "flights").read([day]).to_pandas()
    joined = training_sets.historical_features(online.store, training_sets.with_as_of(rows)).to_dict("records")
    offline = {(row["carrier"], row["flight_number"], row["origin"]): row for row in joined}
    found = []
    for flight, values in answers.items():
        row = offline[flight.carrier, flight.flight_number, flight.origin]
        for feature in STORED_FEATURES:
            here, there = values[feature.name], row[feature.name]
            is_same = here is None if pd.isna(there) else here is not None and _is_near(here, there)
            if not is_same:
                found.append(f"{flight.carrier}{flight.flight_number} {feature.name}: {here} served, {there} offline")
    return found


def _is_near(here: Any, there: Any) -> bool:
    difference = (here - there).total_seconds() if isinstance(here, datetime) else here - there
    return abs(difference) <= 1e-6


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_what_was_served_on_a_day_equals_what_a_training_set_says_of_it(online, featured, day: date, folder: Path):
    flights = storage.Partitions(featured.settings.validated_dir / "flights").read([day]).num_rows

    answers = served(online, featured, day, folder)

    assert len(answers) == flights > 700
    assert differences(online, featured, answers, day) == []


def test_one_constant_changed_on_the_live_side_is_seen(online, featured, folder, monkeypatch: pytest.MonkeyPatch):
    honest = adapter.sql
    monkeypatch.setattr(adapter, "sql", lambda name: honest(name).replace("delay_minutes >= 15", "delay_minutes >= 16"))

    answers = served(online, featured, STORMY_DAY, folder, at_most=120)

    found = differences(online, featured, answers, STORMY_DAY)
    assert any("late_share" in line for line in found)
    assert all("late_share" in line for line in found)


def test_a_day_built_alone_is_the_days_part_of_the_year_byte_for_byte(featured, tmp_path):
    days = [date(2013, 2, 9), date(2013, 3, 10), date(2013, 11, 3), date(2014, 1, 1)]  # blizzard, both clock changes

    for day in days:
        build.build([day], featured.settings.validated_dir, tmp_path)

    for view in VIEWS:
        of_year, of_day = (
            storage.Partitions(featured.settings.features_dir / view.name),
            storage.Partitions(tmp_path / view.name),
        )
        assert [of_day.content(day) for day in days] == [of_year.content(day) for day in days]


def test_the_live_buffer_makes_the_rows_of_the_batch_bit_for_bit(featured):
    day = STORMY_DAY
    facts = build.read_facts(day, day, featured.settings.validated_dir)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(microseconds=1)
    recent = RecentFacts({name: known_between(rows, None, start) for name, rows in facts.items()}, start)
    made: dict[str, list] = {view.name: [] for view in VIEWS}

    for step in (7, 60, 61, 240, 599, 473):  # minutes: on no view's ticks, together a day
        until = recent.clock + timedelta(minutes=step)
        for name, rows in facts.items():
            due = known_between(rows, recent.clock, until)
            recent.add(name, due)
            recent.add(name, due.slice(0, 5))  # delivered twice
        recent.forget()
        for name, rows in recent.advance(until).items():
            made[name] += rows.to_pylist()

    for view in VIEWS:
        batch = storage.Partitions(featured.settings.features_dir / view.name).read([day])
        assert made[view.name] == batch.to_pylist()


def test_time_that_brings_no_facts_makes_only_the_rows_of_ticks(featured):
    day = date(2013, 7, 9)
    noon = datetime(2013, 7, 9, 16, tzinfo=UTC)
    facts = build.read_facts(day, day, featured.settings.validated_dir)
    recent = RecentFacts({name: known_between(rows, None, noon) for name, rows in facts.items()}, noon)

    before_the_tick = recent.advance(noon + timedelta(minutes=14))
    at_the_tick = recent.advance(noon + timedelta(minutes=15))

    assert before_the_tick == {}
    assert list(at_the_tick) == ["origin", "sources"]


def test_facts_are_due_once_and_reference_rows_from_the_start(featured):
    facts = build.read_facts(STORMY_DAY, STORMY_DAY, featured.settings.validated_dir)
    moment = datetime(2013, 12, 9, 18, tzinfo=UTC)
    split: Callable = lambda name: (known_between(facts[name], None, moment), known_between(facts[name], moment, moment + timedelta(days=9)))  # fmt: skip  # noqa: E501, E731

    assert [rows.num_rows for rows in split("aircraft")] == [facts["aircraft"].num_rows, 0]
    assert sum(rows.num_rows for rows in split("departures")) == facts["departures"].num_rows
    assert replace(Flight("AA", "JFK", "LAX", moment, moment)).entity_row["tail_number"] == "unknown"


def known_between(rows: pa.Table, after: datetime | None, until: datetime) -> pa.Table:
    """The rows that became known after `after` and up to `until`."""
    moments = rows.column("known_at")
    is_due = pc.less_equal(moments, until)
    return rows.filter(is_due if after is None else pc.and_(is_due, pc.greater(moments, after)))


class Stopped(BaseException):
    """What Ctrl-C raises, where this test presses it."""


def test_a_replay_that_was_stopped_goes_on_where_it_was_and_serves_the_same(online, featured, folder: Path):
    """Stopped in the middle of a day, between the questions of one moment; the log is already hours ahead."""
    day, asked, stops = DAYS[1], [], iter((150, 400))
    stop_at = next(stops)
    answers: dict[Flight, dict[str, Any]] = {}

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        flight = as_flight(request["flights"][0])
        asked.append(flight)
        if len(asked) == stop_at:
            raise Stopped
        (stored,) = online.lookup([flight], [flight.as_of])
        answers[flight] = dict(stored.values)
        return {"predictions": [{"degraded": False}]}

    for _ in range(2):
        with pytest.raises(Stopped):
            play(Span(day, day), featured, online, folder, ask)
        stop_at = next(stops, 0)
    played = play(Span(day, day), featured, online, folder, ask)

    flights = storage.Partitions(featured.settings.validated_dir / "flights").read([day]).num_rows
    assert len(answers) == played.flights == flights <= len(asked) <= flights + 20
    assert differences(online, featured, answers, day) == []
    start = opening(day, MINUTE, featured.settings.validated_dir)
    facts = [one.facts for one in intervals(day, day, MINUTE, featured.settings.validated_dir, start)]
    assert played.events == sum(rows.num_rows for tables in facts for rows in tables.values())
    assert played.labels == sum(tables["arrivals"].num_rows for tables in facts)


def test_flights_of_an_interval_share_requests_that_never_ask_later_than_two_hours_before(online, featured, folder):
    day, said = DAYS[2], []

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        said.extend(request["flights"])
        moments = [datetime.fromisoformat(one["as_of"]) for one in request["flights"]]
        flights = [as_flight(one) for one in request["flights"]]
        assert all(
            timedelta(0) <= f.as_of - asked_at < 30 * MINUTE for f, asked_at in zip(flights, moments, strict=True)
        )
        found = online.lookup(flights, moments)
        assert all(stored.age_seconds["origin"] <= 900 for stored in found)
        return {"predictions": [{"degraded": stored.is_degraded} for stored in found]}

    played = play(Span(day, day, 30 * MINUTE), featured, online, folder, ask, per_request=50)

    assert len(said) == played.flights > 700
    assert played.requests < 60
    assert played.errors == 0
    assert played.degraded < 0.005 * played.flights  # to a destination that nobody has flown to for a day


def test_intervals_give_each_fact_and_each_flight_once_whatever_their_length(featured):
    first, last = date(2013, 3, 9), date(2013, 3, 11)  # a clock change
    validated = featured.settings.validated_dir
    flights = storage.Partitions(validated / "flights").read(storage.day_range(first, last)).num_rows
    counted = {}

    for minutes in (1, 15, 60):
        played = list(intervals(first, last, minutes * MINUTE, validated))
        middle = played[len(played) // 2].start
        rest = list(intervals(first, last, minutes * MINUTE, validated, middle))
        assert rest == played[len(played) // 2 + 1 :]
        assert sum(len(one.flights) for one in played) == flights
        until = played[-1].start
        facts = sum(rows.num_rows for one in played for rows in one.facts.values())
        assert facts == known_facts(featured, opening(first, minutes * MINUTE, validated), until)
        counted[minutes] = len(played)
    assert counted[1] > counted[15] > counted[60]


def known_facts(featured, after: datetime, until: datetime) -> int:
    tables = build.read_facts(date(2013, 3, 9), date(2013, 3, 12), featured.settings.validated_dir)
    return sum(known_between(rows, after, until).num_rows for rows in tables.values())
