"""The shared SQL of sliding windows, against plain Python: facts that are late, corrected, doubled, or too late."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlsystem.contract.features import EVERYTHING, Feature, View
from mlsystem.contract.problem import Problem
from mlsystem.contract.tables import Facts, Table
from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine
from mlsystem.features import compute
from planted_sql import plant_in_windows

START = datetime(2020, 5, 1, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LATE_BY = 24 * HOUR
WINDOWS = (1, 3, 48)  # hours; the longest is longer than a fact may be late
TICK = 30 * MINUTE
FLAGGED = 15
FEATURES = tuple(Feature(f"mean_{hours}h", "mean size", "minutes", window_hours=hours) for hours in WINDOWS)
KINDS = View("kinds", ("kind",), "", "", ("things",), FEATURES, ttl=HOUR, refresh=TICK, is_expected=True)
WHOLE = replace(KINDS, name="whole", keys=())
SQL = """
WITH totals AS (
$rolling_things
)
SELECT {key}, window_hours, event_timestamp, number_mean, flag_share, fact_count FROM totals WHERE fact_count > 0
"""
HYPOTHESIS = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # the same logs on every machine: a red run can be repeated
    database=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Version:
    """One delivery of a fact; a correction has the same name and another size or moment."""

    name: str
    kind: str
    happened_at: datetime
    known_at: datetime
    size: int


@st.composite
def logs(draw: st.DrawFn) -> list[Version]:
    """Some facts of two kinds; coincidences are many, because moments are few."""
    log: list[Version] = []
    for number in range(draw(st.integers(1, 7))):
        kind, planned = draw(st.sampled_from(["a", "b"])), START + draw(st.integers(0, 96)) * 15 * MINUTE
        versions: dict[datetime, Version] = {}
        for _ in range(draw(st.integers(0, 3))):
            size = draw(st.sampled_from([-10, 0, FLAGGED - 1, FLAGGED, 200]))
            happened = planned + size * MINUTE
            known = happened + draw(st.sampled_from([0, 0, 0, 10, 45, 200, 1_440, 1_445])) * MINUTE
            versions.setdefault(known, Version(f"fact {number}", kind, happened, known, size))
        log += [version for version in versions.values() for _ in range(draw(st.integers(1, 2)))]
    return random.Random(1).sample(log, len(log))


@pytest.fixture
def problem(tmp_path: Path) -> Problem:
    """One table of facts, and a view of each kind and one of everything."""
    for view in (KINDS, WHOLE):
        (tmp_path / f"{view.name}.sql").write_text(SQL.format(key=view.join_keys[0]))
    facts = Facts("things", "things", "happened_at", "size", f"size >= {FLAGGED}", LATE_BY)
    return replace(PROBLEM, tables=(Table("things", "one row per thing", "name", ()),), facts=(facts,), sql=tmp_path)


Rows = dict[tuple[str, int, datetime], tuple[int, float, float]]  # (key, hours, tick) -> count, mean, share


def computed(engine: Engine, problem: Problem, view: View, log: list[Version], until: datetime) -> Rows:
    """The view's rows over three days up to `until`, by the project's SQL."""
    instant = pa.timestamp("us", tz="UTC")
    types = {"name": pa.string(), "kind": pa.string(), "happened_at": instant, "known_at": instant, "size": pa.int32()}
    columns = {name: pa.array([getattr(version, name) for version in log], kind) for name, kind in types.items()}
    engine.register({"things": pa.table(columns), "ticks": compute.ticks(view, until - 72 * HOUR, until)})
    engine.execute(f"CREATE OR REPLACE TEMP VIEW things_versions AS {compute.versions_sql(problem)['things']}")
    found = engine.query(compute.view_sql(view, problem)).to_pylist()
    return {
        (row[view.join_keys[0]], row["window_hours"], row["event_timestamp"]): (
            row["fact_count"],
            row["number_mean"],
            row["flag_share"],
        )
        for row in found
    }


def known(view: View, log: list[Version], until: datetime) -> Rows:
    """The same in plain Python: of each fact the newest version known at the tick, if it happened in the window."""
    rows: Rows = {}
    for tick in compute.ticks(view, until - 72 * HOUR, until)["tick_at"].to_pylist():
        newest: dict[str, Version] = {}
        for version in sorted(log, key=lambda one: one.known_at):
            if version.known_at <= min(tick, version.happened_at + LATE_BY):
                newest[version.name] = version
        for hours in WINDOWS:
            alive = [version for version in newest.values() if version.happened_at > tick - hours * HOUR]
            for key in {"a", "b"} if view.keys else {EVERYTHING}:
                sizes = [version.size for version in alive if key in (EVERYTHING, version.kind)]
                if sizes:
                    share = sum(size >= FLAGGED for size in sizes) / len(sizes)
                    rows[key, hours, tick] = len(sizes), sum(sizes) / len(sizes), share
    return rows


def windows_are_what_was_known(problem: Problem, log: Iterable[Version]) -> None:
    """The rule. Raises AssertionError where a window holds anything else, or where the future changes the past."""
    log = list(log)
    until = max((version.known_at for version in log), default=START) + HOUR
    with Engine(threads=1) as engine:
        for view in (KINDS, WHOLE):
            rows = computed(engine, problem, view, log, until)
            assert rows == known(view, log, until)
            middle = START + (until - START) / 2
            past = computed(engine, problem, view, [one for one in log if one.known_at <= middle], until)
            assert {k: v for k, v in past.items() if k[2] <= middle} == {
                k: v for k, v in rows.items() if k[2] <= middle
            }


def test_a_window_holds_what_was_known_then_and_the_future_changes_nothing(problem):
    @HYPOTHESIS
    @given(logs())
    def rule(log: list[Version]) -> None:
        windows_are_what_was_known(problem, log)

    rule()


# What leaks -> the SQL file, the sound text in it, and a text that leaks and looks right.
LEAKS = {
    "windows by the moment it happened": ("rolling", "known_at AS enters_at", "happened_at AS enters_at"),
    "corrected versions stay in the window": ("rolling", "COALESCE(replaced_at, ", "COALESCE(NULL, "),
    "duplicates count twice": (
        "versions",
        "LEAD(known_at) OVER (PARTITION BY $key ORDER BY known_at) AS replaced_at\nFROM delivered\nWHERE copy = 1",
        "(SELECT MIN(later.known_at) FROM delivered AS later WHERE later.$key = delivered.$key"
        " AND later.known_at > delivered.known_at) AS replaced_at FROM delivered",
    ),
    "facts beyond the lateness bound live": (
        "versions",
        "WHERE known_at <= happened_at + INTERVAL '$late_by' SECOND",
        "",
    ),
    "the last version counts from the start": (
        "versions",
        "SELECT *, $instant AS happened_at",
        "SELECT * REPLACE (MIN(known_at) OVER (PARTITION BY $key) AS known_at), $instant AS happened_at",
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_caught_by_the_same_rule(problem, monkeypatch, tmp_path, leak: str):
    plant_in_windows(monkeypatch, tmp_path / "leaking", *LEAKS[leak])

    @settings(HYPOTHESIS, max_examples=600, phases=[Phase.generate])
    @given(logs())
    def rule(log: list[Version]) -> None:
        windows_are_what_was_known(problem, log)

    with pytest.raises(AssertionError):
        rule()
