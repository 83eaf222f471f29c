"""A feature is what was known at that moment: SQL against plain Python, over late, corrected and doubled facts.

The windows that the views share: tests/rooms/test_windows.py.
"""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from fact_log import SEATS, Log, logs, tables
from mlsystem.contract.features import View
from mlsystem.contract.problem import Problem
from mlsystem.domain import PROBLEM
from mlsystem.domain.features import AIRCRAFT, ORIGIN, SOURCES, WEATHER
from mlsystem.engine import Engine
from mlsystem.features import compute
from plain import World, as_instant, minute


def computed(engine: Engine, log: Log, views: Sequence[View] = PROBLEM.views) -> dict[str, list[dict]]:
    """The views' rows up to the log's now, by the project's SQL."""
    compute.load_facts(engine, tables(log))
    until = as_instant(log.now)
    return {view.name: compute.compute(engine, view, until - 2 * view.ttl, until).to_pylist() for view in views}


def stored(rows: dict[str, list[dict]], keys: dict[str, str | None], now: int) -> dict:
    """What the store would answer: each view's newest row of the key that is within its TTL."""
    features = {}
    for view in (view for view in PROBLEM.views if view.name in rows):
        mine = [row for row in rows[view.name] if all(row[key] == keys[key] for key in view.keys)]
        fresh = [row for row in mine if row["event_timestamp"] >= as_instant(now) - view.ttl]
        features |= {f.name: fresh[-1][f.name] if fresh else None for f in view.features}
    if features.get("previous_leg_at") is not None:
        features["previous_leg_at"] = minute(features["previous_leg_at"])
    return features


def features_are_what_was_known(engine: Engine, log: Log, views: Sequence[View] = PROBLEM.views) -> None:
    """The rule. Raises AssertionError where a feature of `log` is anything else."""
    rows = computed(engine, log.shuffled(seed=1), views)
    world = World(log.timetable, log.departures, log.arrivals, log.weather, SEATS)
    for origin, carrier, destination, tail in {(f.origin, f.carrier, f.destination, f.tail) for f in log.departures}:
        keys = {"origin": origin, "carrier": carrier, "destination": destination, "tail_number": tail}
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


# What leaks -> a view that shows it, its SQL's sound text, and a text that leaks and looks right.
LEAKS = {
    "the queue knows of departures when they happen": (
        ORIGIN,
        "MIN(known_at) AS first_known_at",
        "MIN(departed_at) AS first_known_at",
    ),
    "the queue knows of flights not yet announced": (
        ORIGIN,
        "GREATEST(scheduled_departure_at, MIN(known_at))",
        "MIN(scheduled_departure_at)",
    ),
    "weather by the hour it began": (WEATHER, "known_at AS event_timestamp", "observed_at AS event_timestamp"),
    "the previous leg when it happened": (
        AIRCRAFT,
        "service_date, known_at, number, 0",
        "service_date, happened_at AS known_at, number, 0",
    ),
    "a table that was never heard of is not silent": (SOURCES, "ELSE 100 END", "ELSE LEAST(due_so_far, 100) END"),
    "arrivals are due before anything has left": (
        SOURCES,
        "gone AS (SELECT flight_id, MIN(known_at) AS left_at",
        "gone AS (SELECT flight_id, MIN(scheduled_departure_at) AS left_at",
    ),
    "old news of an older leg wins": (AIRCRAFT, "WHERE leg_rank = newest_rank AND copy = 1", "WHERE copy = 1"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught_by_the_same_rule(monkeypatch: pytest.MonkeyPatch, leak: str):
    view, sound, leaking = LEAKS[leak]
    honest = Problem.sql_text
    assert sound in honest(PROBLEM, view.name)
    monkeypatch.setattr(Problem, "sql_text", lambda one, name: honest(one, name).replace(sound, leaking))
    engine = Engine()

    @settings(HYPOTHESIS, max_examples=600, phases=[Phase.generate])
    @given(logs())
    def rule(log: Log) -> None:
        features_are_what_was_known(engine, log, [view])

    with pytest.raises(AssertionError):
        rule()
