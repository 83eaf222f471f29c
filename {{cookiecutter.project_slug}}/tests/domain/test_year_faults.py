"""The rules over the real year: one wind speed is refused, two blizzard days warn, and a day cut short is stopped."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.source.deliver import deliver
from mlsystem.validation.validate import validate

DAY = date(2013, 7, 16)


def of_year(validated, name: str) -> pa.Table:
    return storage.Partitions(validated.settings.validated_dir / name).read()


def test_the_real_years_faults_are_found_and_nothing_else_is_refused(validated):
    refused = {table.name: of_year(validated, f"quarantine/{table.name}").to_pylist() for table in PROBLEM.tables}

    (wind,) = refused.pop("weather")
    assert not any(refused.values())
    assert (wind["event_id"], wind["wind_speed_mph"]) == ("EWR/2013-02-12T08", pytest.approx(1048.36))
    assert wind["rule"] == "wind_speed_mph:between"
    assert wind["reason"] == "stronger than any wind measured at an airport there"


def test_the_real_years_warnings_name_their_days_and_let_the_rows_pass(validated):
    found = of_year(validated, "breaches").to_pylist()

    days = {(row["rule"], row["service_date"]): row["rows"] for row in found if row["table"] in ("days", "weather")}
    assert days == {
        ("departed_share:between", date(2013, 2, 8)): 1,  # the blizzard
        ("departed_share:between", date(2013, 2, 9)): 1,
        ("weather_hours:between", date(2013, 12, 30)): 1,  # the weather file ends there
        ("weather_hours:between", date(2013, 12, 31)): 1,
        ("origin+local_hour:unique", date(2013, 11, 3)): 6,  # clocks put back: one hour twice at three airports
        ("wind_speed_mph:between", date(2013, 2, 12)): 1,
    }
    airports = of_year(validated, "airports")
    zoneless = airports.filter(pc.is_null(airports["time_zone"]))["destination"].unique().to_pylist()
    assert sorted(zoneless) == ["BQN", "PSE", "SJU", "STT"]


def test_a_day_that_was_not_delivered_whole_is_stopped(tmp_path: Path):
    deliver([DAY], tmp_path / "source")
    flights = storage.Partitions(tmp_path / "source/flights")
    flights.write(DAY, flights.read([DAY]).slice(0, 300), "spoilt")

    report = validate([DAY], tmp_path / "source", tmp_path / "validated")

    assert set(report.stopped) == {DAY}
    assert report.stopped[DAY].startswith("a day has 400 to 1,400 departures; ")
    assert report.stopped[DAY].endswith("; nearly nothing departed, or more than was scheduled")
    assert not storage.Partitions(tmp_path / "validated/flights").path(DAY).exists()
