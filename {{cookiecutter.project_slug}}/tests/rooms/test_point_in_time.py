"""The point-in-time join: rows in are rows out, and each value is what plain Python finds in the raw files."""

import os
import random
import subprocess
import sys
import time
from datetime import date, timedelta
from functools import cache

import pandas as pd
import pytest

import plain
from mlsystem import storage
from mlsystem.domain.features import AIRCRAFT, SILENCED, SILENT_FROM, SOURCES, STORED_FEATURES
from mlsystem.domain.request import CODES
from mlsystem.feature_store import training_sets
from mlsystem.feature_store.store import open_store
from mlsystem.settings import ROOT

STORED = [feature.name for feature in STORED_FEATURES]
OVERDUE = [feature.name for feature in SOURCES.features]  # the same for every flight


@pytest.fixture(scope="module")
def store(featured, tmp_path_factory: pytest.TempPathFactory):
    return open_store(featured.settings.features_dir, tmp_path_factory.mktemp("online"))


@cache
def raw_flights() -> list[plain.Row]:
    return plain.read_flights()


@cache
def world() -> plain.World:
    return plain.real_world(raw_flights())


def flight_rows(featured, flights: list[plain.Row]) -> pd.DataFrame:
    """The validated rows of those flights, in their order, with their `as_of`."""
    days = sorted({flight.day for flight in flights})
    rows = storage.Partitions(featured.settings.validated_dir / "flights").read(days).to_pandas()
    return training_sets.with_as_of(rows.set_index("flight_id").loc[[f.flight_id for f in flights]].reset_index())


def asked(origin="JFK", carrier="AA", destination="LAX", tail="N3ALAA", at="2013-07-10T15:00:00+00:00") -> dict:
    keys = {"origin": origin, "carrier": carrier, "destination": destination, "tail_number": tail}
    return keys | {"event_timestamp": pd.Timestamp(at).tz_convert("UTC")}


def test_rows_in_are_rows_out_in_their_order(store):
    rows = pd.DataFrame(
        [
            asked(),
            asked(),  # the same again: two flights of one carrier at one minute
            asked(tail=None),
            asked(tail=float("nan")),
            asked(origin="XXX", carrier="??", destination="NOWHERE", tail="none such"),
            asked(at="2012-12-31T00:00:00+00:00"),  # before any data
            asked(at="2019-01-01T00:00:00+00:00"),  # long after
            asked(at="2013-07-10T15:00:00.123456+00:00"),
            asked(at="2013-03-10T02:30:00-05:00"),  # an hour that New York's clock skipped
        ]
    ).assign(number=range(9))

    joined = training_sets.historical_features(store, rows)

    assert joined["number"].tolist() == list(range(9))
    assert joined.loc[0, STORED].equals(joined.loc[1, STORED].rename(0))
    assert joined.loc[[5, 6], STORED].isna().all(axis=None)
    assert joined.loc[4, STORED].drop(OVERDUE).isna().all()
    assert joined.loc[0, "origin_departures_24h"] > 0
    assert joined.loc[[2, 3], "previous_leg_delay"].isna().all()
    assert joined.loc[[2, 3], "origin_departures_24h"].tolist() == [joined.loc[0, "origin_departures_24h"]] * 2


def test_a_store_that_loses_rows_is_refused(store, monkeypatch: pytest.MonkeyPatch):
    honest = type(store).get_historical_features

    class Losing:
        def __init__(self, job) -> None:  # type: ignore[no-untyped-def]
            self.job = job

        def to_df(self) -> pd.DataFrame:
            return self.job.to_df().iloc[1:]

    monkeypatch.setattr(type(store), "get_historical_features", lambda *given: Losing(honest(*given)))

    with pytest.raises(training_sets.RowsLost, match="1 keys and moments in, 0 out"):
        training_sets.historical_features(store, pd.DataFrame([asked()]))


def test_a_value_lives_exactly_as_long_as_its_ttl(store, featured):
    days = storage.day_range(date(2013, 7, 10), date(2013, 7, 14))
    rows = storage.Partitions(featured.settings.features_dir / "aircraft").read(days).to_pandas()
    newest = rows.groupby("tail_number")["event_timestamp"].max()
    tail, last = next((tail, moment) for tail, moment in newest.items() if moment.day == 11)
    moments = [last, last + AIRCRAFT.ttl, last + AIRCRAFT.ttl + timedelta(seconds=1), last - timedelta(seconds=1)]

    joined = training_sets.historical_features(store, pd.DataFrame([asked(tail=tail, at=moment) for moment in moments]))

    legs = joined["previous_leg_at"].tolist()
    assert legs[:2] == [last, last]
    assert pd.isna(legs[2])
    assert legs[3] != last


def test_every_feature_equals_plain_python_on_500_random_flights_of_the_year(store, featured):
    seed = int(os.environ.get("POINT_IN_TIME_SEED", time.time_ns() % 100_000))
    print(f"again with POINT_IN_TIME_SEED={seed}")
    flights = random.Random(seed).sample(raw_flights(), 500)

    joined = training_sets.historical_features(store, flight_rows(featured, flights))
    matrix = training_sets.model_matrix(joined)

    different = []
    for row, flight in enumerate(flights):
        as_of = flight.departs - 2 * plain.HOUR
        expected = world().stored(flight.origin, flight.carrier, flight.destination, flight.tail, as_of)
        leg_at, overdue = expected.pop("previous_leg_at"), {name: expected.pop(name) for name in OVERDUE}
        assert joined.loc[row, OVERDUE].to_dict() == overdue, flight.flight_id
        expected |= {
            "carrier": CODES["carrier"][flight.carrier],
            "origin": CODES["origin"][flight.origin],
            "destination": CODES["destination"][flight.destination],
            "departure_minute_of_day": flight.minute_of_day,
            "departure_day_of_week": flight.day.weekday(),
            "scheduled_block_minutes": flight.arrives - flight.departs,
            "previous_leg_age": None if leg_at is None else (as_of - leg_at) / 60,
        }
        for table, names in SILENCED.items():
            if overdue[f"overdue_{table}"] >= SILENT_FROM[table]:
                gone = {"previous_leg_age" if name == "previous_leg_at" else name for name in names}
                expected |= dict.fromkeys(gone)
        assert set(expected) == set(matrix.columns)
        for name, value in expected.items():
            found = matrix.at[row, name]
            tolerance = 1e-9 if isinstance(value, float) else 0
            is_same = pd.isna(found) if value is None else abs(found - value) <= tolerance
            if not is_same:
                different.append((flight.flight_id, name, found, value))
    assert different == [], f"seed {seed}"
    assert joined[STORED].notna().mean().min() > 0.1, "a feature that is nearly always missing was hardly compared"


def test_a_machine_on_new_yorks_clock_gets_the_same_training_rows(store, featured, tmp_path):
    flights = random.Random(3).sample(raw_flights(), 40)
    here = training_sets.model_matrix(training_sets.historical_features(store, flight_rows(featured, flights)))
    script = f"""
import sys; sys.path[:0] = ["src", "tests"]
from pathlib import Path
import pandas as pd
from mlsystem.feature_store import training_sets
from mlsystem.feature_store.store import open_store
rows = pd.read_parquet({str(tmp_path / "rows.parquet")!r})
store = open_store(Path({str(featured.settings.features_dir)!r}), Path({str(tmp_path)!r}))
matrix = training_sets.model_matrix(training_sets.historical_features(store, rows))
matrix.to_parquet({str(tmp_path / "there.parquet")!r})
"""
    flight_rows(featured, flights).to_parquet(tmp_path / "rows.parquet")

    environment = os.environ | {"TZ": "America/New_York"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, env=environment, check=True, timeout=120)

    there = pd.read_parquet(tmp_path / "there.parquet")
    pd.testing.assert_frame_equal(there, here)
    assert here["origin_backlog"].notna().all()
