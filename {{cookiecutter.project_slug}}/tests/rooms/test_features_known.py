"""A feature is what was known at that moment: SQL against plain Python, over late, corrected and doubled facts."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlsystem.domain import adapter
from mlsystem.domain.features import AIRCRAFT, CARRIER_ORIGIN, ORIGIN, SOURCES, VIEWS, WEATHER, View
from mlsystem.domain.request import AREA
from mlsystem.engine import Engine
from mlsystem.features import compute
from plain import DAY, HOUR, Fact, Observation, Scheduled, World, as_instant, minute

START = minute(datetime.fromisoformat("2013-05-01T00:00:00+00:00"))
SERVICE_DATE = as_instant(START).date()
SEATS = {("N1", SERVICE_DATE): 180}
INSTANT, COUNT = pa.timestamp("us", tz="UTC"), pa.int32()
IDENTITY = {"carrier": pa.string(), "origin": pa.string(), "destination": pa.string(), "tail_number": pa.string()}
FACT = {"event_id": pa.string(), "flight_id": pa.string()} | IDENTITY | {"scheduled_departure_at": INSTANT}
OBSERVED = (
    *("temperature_fahrenheit", "dew_point_fahrenheit", "wind_direction_degrees", "wind_speed_mph"),
    *("precipitation_inches", "pressure_millibar", "visibility_miles"),
)


@dataclass(frozen=True)
class Log:
    """What was delivered, in the order of delivery, and the minute at which features are asked for."""

    timetable: list[Scheduled]
    departures: list[Fact]
    arrivals: list[Fact]
    weather: list[Observation]
    now: int

    def where(self, keep: Callable) -> "Log":
        lists = (self.timetable, self.departures, self.arrivals, self.weather)
        return Log(*([row for row in rows if keep(row)] for rows in lists), self.now)

    def shuffled(self, seed: int) -> "Log":
        lists = (self.timetable, self.departures, self.arrivals, self.weather)
        return Log(*(random.Random(seed).sample(rows, len(rows)) for rows in lists), self.now)


def versions(happened: st.SearchStrategy) -> st.SearchStrategy:
    """Deliveries of one event as (delay, lateness): on time, late, too late, corrected, doubled."""
    delivery = st.tuples(happened, st.sampled_from([0, 0, 0, 10, 45, 200, DAY, DAY + 5]))
    return st.lists(delivery, max_size=3)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Two days of a small airport system: coincidences are many, because moments are few."""
    timetable, departures, arrivals, weather = [], [], [], []
    for number in range(draw(st.integers(1, 7))):
        scheduled = START + draw(st.integers(0, 96)) * 15
        identity = [draw(st.sampled_from(values)) for values in (["AA", "UA"], ["JFK", "EWR"], ["BOS", "LAX"])]
        tail = draw(st.sampled_from(["N1", "N2", None]))
        known = scheduled - draw(st.sampled_from([DAY, -20]))
        day = draw(st.sampled_from([SERVICE_DATE, SERVICE_DATE + timedelta(days=1)]))  # whose registry never comes
        timetable.append(Scheduled(f"f{number}", known, identity[1], scheduled, scheduled + 300, day))
        for facts, base in ((departures, scheduled), (arrivals, scheduled + draw(st.sampled_from([60, 300])))):
            news = {}
            for delay, lateness in draw(versions(st.sampled_from([-10, 0, 14, 15, 40, 200]))):
                known = base + delay + lateness
                row = (known, base + delay, delay, *identity, tail, scheduled, SERVICE_DATE)
                news.setdefault(known, Fact(f"f{number}/{facts is arrivals}", f"f{number}", *row))
            facts += [fact for fact in news.values() for _ in range(draw(st.integers(1, 2)))]
    for hour in range(draw(st.integers(0, 6))):
        observed = START + hour * HOUR * 3
        origin = draw(st.sampled_from(["JFK", "EWR"]))
        known = {}
        for wind, lateness in draw(versions(st.sampled_from([0.0, 7.5, 30.0]))):
            known.setdefault(
                lateness, Observation(f"w{hour}", observed + HOUR + lateness, observed, origin, (wind,) * 7)
            )
        weather += known.values()
    facts = [*departures, *arrivals]
    moments = [row.scheduled for row in timetable] + [fact.known for fact in facts] + [fact.happened for fact in facts]
    now = draw(st.sampled_from(moments)) + draw(st.sampled_from([0, 0, 5, 15, 30, 60, 175, 180, DAY - 5, DAY]))
    return Log(timetable, departures, arrivals, weather, now)


def tables(log: Log) -> dict[str, pa.Table]:
    """The log as the validated tables that the SQL reads."""

    def facts(rows: list[Fact], what: str, happened: str) -> pa.Table:
        names = {
            **FACT,
            happened: INSTANT,
            f"{what}_delay_minutes": COUNT,
            "known_at": INSTANT,
            "service_date": pa.date32(),
        }
        values = [
            (*f[:2], *f[5:9], as_instant(f.scheduled), as_instant(f.happened), f.delay, as_instant(f.known), f.day)
            for f in rows
        ]
        return table(values, names)

    timetable = [
        (
            row.flight_id,
            row.origin,
            *(as_instant(moment) for moment in (row.scheduled, row.arrives, row.known)),
            row.day,
        )
        for row in log.timetable
    ]
    weather = [
        (row.event_id, row.origin, as_instant(row.observed), *row.values, as_instant(row.known)) for row in log.weather
    ]
    return {
        "flights": table(
            timetable,
            FACT | {"scheduled_arrival_at": INSTANT, "known_at": INSTANT, "service_date": pa.date32()},
            "flight_id origin scheduled_departure_at scheduled_arrival_at known_at service_date",
        ),
        "departures": facts(log.departures, "departure", "departed_at"),
        "arrivals": facts(log.arrivals, "arrival", "arrived_at"),
        "weather": table(
            weather,
            {"event_id": pa.string(), "origin": pa.string(), "observed_at": INSTANT}
            | dict.fromkeys(OBSERVED, pa.float64())
            | {"known_at": INSTANT},
        ),
        "aircraft": table(
            [
                (tail, day, seats, as_instant(START + 4 * HOUR)) for (tail, day), seats in SEATS.items()
            ],  # midnight there
            {"tail_number": pa.string(), "service_date": pa.date32(), "seats": COUNT, "known_at": INSTANT},
        ),
    }


def table(rows: list[tuple], types: dict[str, pa.DataType], only: str = "") -> pa.Table:
    names = only.split() or list(types)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, types[name]) for name, column in zip(names, columns, strict=True)})


def computed(engine: Engine, log: Log, views: Sequence[View] = VIEWS) -> dict[str, list[dict]]:
    """The views' rows up to the log's now, by the project's SQL."""
    compute.load_facts(engine, tables(log))
    until = as_instant(log.now)
    return {view.name: compute.compute(engine, view, until - 2 * view.ttl, until).to_pylist() for view in views}


def stored(rows: dict[str, list[dict]], keys: dict[str, str | None], now: int) -> dict:
    """What the store would answer: each view's newest row of the key that is within its TTL."""
    features = {}
    for view in (view for view in VIEWS if view.name in rows):
        mine = [row for row in rows[view.name] if all(row[key] == keys[key] for key in view.keys)]
        fresh = [row for row in mine if row["event_timestamp"] >= as_instant(now) - view.ttl]
        features |= {f.name: fresh[-1][f.name] if fresh else None for f in view.features}
    if features.get("previous_leg_at") is not None:
        features["previous_leg_at"] = minute(features["previous_leg_at"])
    return features


def features_are_what_was_known(engine: Engine, log: Log, views: Sequence[View] = VIEWS) -> None:
    """The rule. Raises AssertionError where a feature of `log` is anything else."""
    rows = computed(engine, log.shuffled(seed=1), views)
    world = World(log.timetable, log.departures, log.arrivals, log.weather, SEATS)
    for origin, carrier, destination, tail in {(f.origin, f.carrier, f.destination, f.tail) for f in log.departures}:
        keys = {"origin": origin, "carrier": carrier, "destination": destination, "tail_number": tail}
        keys["area"] = AREA
        features = stored(rows, keys, log.now)
        known = world.stored(origin, carrier, destination, tail, log.now)
        assert features == {name: known[name] for name in features}


def the_future_changes_nothing(engine: Engine, log: Log) -> None:
    """Without the facts that were not yet known, and without second copies, every row so far is the same."""
    past = log.where(lambda row: row.known <= log.now)
    once = Log(
        *(list(dict.fromkeys(rows)) for rows in (past.timetable, past.departures, past.arrivals, past.weather)), log.now
    )

    assert computed(engine, once) == computed(engine, log)


HYPOTHESIS = settings(
    max_examples=35,
    deadline=None,
    derandomize=True,  # the same logs on every machine: a red run can be repeated
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_a_feature_is_what_was_known_then_and_the_future_changes_nothing():
    engine = Engine()

    @HYPOTHESIS
    @given(logs())
    def rule(log: Log) -> None:
        features_are_what_was_known(engine, log)
        the_future_changes_nothing(engine, log)

    rule()


# What leaks -> a view that shows it, the SQL file, the sound text in it, and a text that leaks and looks right.
LEAKS = {
    "windows by the moment it happened": (
        CARRIER_ORIGIN,
        "rolling",
        "known_at AS enters_at",
        "happened_at AS enters_at",
    ),
    "corrected versions stay in the window": (CARRIER_ORIGIN, "rolling", "COALESCE(replaced_at, ", "COALESCE(NULL, "),
    "duplicates count twice": (
        CARRIER_ORIGIN,
        "versions",
        "LEAD(known_at) OVER (PARTITION BY event_id ORDER BY known_at) AS replaced_at\nFROM delivered\nWHERE copy = 1",
        "(SELECT MIN(later.known_at) FROM delivered AS later WHERE later.event_id = delivered.event_id"
        " AND later.known_at > delivered.known_at) AS replaced_at FROM delivered",
    ),
    "facts beyond the lateness bound live": (
        AIRCRAFT,
        "versions",
        "WHERE known_at <= happened_at + INTERVAL '24' HOUR",
        "",
    ),
    "the last version counts from the start": (
        CARRIER_ORIGIN,
        "versions",
        "SELECT event_id, known_at,",
        "SELECT event_id, MIN(known_at) OVER (PARTITION BY event_id) AS known_at,",
    ),
    "the queue knows of departures when they happen": (
        ORIGIN,
        "origin",
        "MIN(known_at) AS first_known_at",
        "MIN(departed_at) AS first_known_at",
    ),
    "the queue knows of flights not yet announced": (
        ORIGIN,
        "origin",
        "GREATEST(scheduled_departure_at, MIN(known_at))",
        "MIN(scheduled_departure_at)",
    ),
    "weather by the hour it began": (
        WEATHER,
        "weather",
        "known_at AS event_timestamp",
        "observed_at AS event_timestamp",
    ),
    "the previous leg when it happened": (
        AIRCRAFT,
        "aircraft",
        "service_date, known_at, delay_minutes, 0",
        "service_date, happened_at AS known_at, delay_minutes, 0",
    ),
    "a table that was never heard of is not silent": (
        SOURCES,
        "sources",
        "ELSE 100 END",
        "ELSE LEAST(due_so_far, 100) END",
    ),
    "arrivals are due before anything has left": (
        SOURCES,
        "sources",
        "gone AS (SELECT flight_id, MIN(known_at) AS left_at",
        "gone AS (SELECT flight_id, MIN(scheduled_departure_at) AS left_at",
    ),
    "old news of an older leg wins": (
        AIRCRAFT,
        "aircraft",
        "WHERE leg_rank = newest_rank AND copy = 1",
        "WHERE copy = 1",
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught_by_the_same_rule(monkeypatch: pytest.MonkeyPatch, leak: str):
    view, file, sound, leaking = LEAKS[leak]
    honest = adapter.sql
    assert sound in honest(file)
    monkeypatch.setattr(adapter, "sql", lambda name: honest(name).replace(sound, leaking if name == file else sound))
    engine = Engine()

    @settings(HYPOTHESIS, max_examples=600, phases=[Phase.generate])
    @given(logs())
    def rule(log: Log) -> None:
        features_are_what_was_known(engine, log, [view])

    with pytest.raises(AssertionError):
        rule()
