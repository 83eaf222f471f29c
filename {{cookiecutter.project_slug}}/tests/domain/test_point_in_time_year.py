"""The point-in-time join over the real year: each value is what plain Python finds in the raw files."""

import os
import random
import time
from functools import cache

import pandas as pd
import pytest

import plain
from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.domain.features import SOURCES
from mlsystem.feature_store import training_sets
from mlsystem.feature_store.store import open_store
from raw_year import Row, read_flights, real_world

STORED = [feature.name for feature in PROBLEM.stored_features]
OVERDUE = [feature.name for feature in SOURCES.features]  # the same for every flight


@pytest.fixture(scope="module")
def store(featured, tmp_path_factory: pytest.TempPathFactory):
    return open_store(featured.settings.features_dir, tmp_path_factory.mktemp("online"))


@cache
def raw_flights() -> list[Row]:
    return read_flights()


@cache
def world() -> plain.World:
    return real_world(raw_flights())


def flight_rows(featured, flights: list[Row]) -> pd.DataFrame:
    """The validated rows of those flights, in their order, with their `as_of`."""
    days = sorted({flight.day for flight in flights})
    rows = storage.Partitions(featured.settings.validated_dir / "flights").read(days).to_pandas()
    return training_sets.with_as_of(rows.set_index("flight_id").loc[[f.flight_id for f in flights]].reset_index())


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
            "carrier": PROBLEM.codes["carrier"][flight.carrier],
            "origin": PROBLEM.codes["origin"][flight.origin],
            "destination": PROBLEM.codes["destination"][flight.destination],
            "departure_minute_of_day": flight.minute_of_day,
            "departure_day_of_week": flight.day.weekday(),
            "scheduled_block_minutes": flight.arrives - flight.departs,
            "previous_leg_age": None if leg_at is None else (as_of - leg_at) / 60,
        }
        for table, names in PROBLEM.silenced.items():
            if overdue[f"overdue_{table}"] >= PROBLEM.silent_from[table]:
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
