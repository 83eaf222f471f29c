"""What a cell of the flights' raw files may not be: days, times of day and time zones, in words; a cut archive."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from mlsystem.engine import Engine
from mlsystem.source import deliver as source
from mlsystem.source.raw import UnreadableSource, read_raw
from mlsystem.validation.validate import validate
from raw_probe import RawFolder, as_csv, raw_folder, with_cells
from raw_year import raw_folder as package

DAY = date(2013, 1, 1)


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawFolder]:
    with raw_folder(tmp_path / "raw", DAY, monkeypatch) as folder:
        yield folder


@pytest.mark.parametrize(
    ("file", "column", "cell", "reason"),
    [
        ("raw_flights", "dep_delay", "late", "dep_delay is no integer: late"),
        ("raw_flights", "arr_delay", "99999999999", "arr_delay is no integer: 99999999999"),
        ("raw_flights", "time_hour", "yesterday", "time_hour is no instant: yesterday"),
        ("raw_flights", "day", "30.5", "there is no such day: 2013-1-30.5"),
        ("raw_flights", "month", "13", "there is no such day: 2013-13-1"),
        ("raw_flights", "year", "", "there is no such day: 1-1"),
        ("raw_flights", "minute", "61", "minute is not from 0 to 59: 61"),
        ("raw_weather", "hour", "99", "hour is not from 0 to 23: 99"),
        ("raw_weather", "temp", "mild", "temp is no number: mild"),
        ("raw_weather", "time_hour", "2013-02-30T05:00:00Z", "time_hour is no instant: 2013-02-30T05:00:00Z"),
        ("raw_planes", "seats", "many", "seats is no integer: many"),
        ("raw_airports", "tzone", "Mars/Phobos", "tzone is no time zone: Mars/Phobos"),
    ],
)
def test_a_cell_that_cannot_be_read_costs_its_line_alone(raw, file, column, cell, reason):
    raw.write(**{file: with_cells(raw.whole[file], 7, **{column: cell})})

    with Engine() as engine:
        malformed = read_raw(engine).to_pylist()
        left = engine.query(f"SELECT COUNT(*) AS rows FROM {file}").to_pylist()[0]["rows"]

    assert [(row["line"], row["reason"]) for row in malformed] == [(7, reason)]
    assert left == len(raw.whole[file]) - 2


def test_an_archive_that_is_cut_off_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    archive = tmp_path / "flights.csv.zip"
    archive.write_bytes((package() / archive.name).read_bytes()[:1_000])
    monkeypatch.setattr("mlsystem.source.raw.raw_files", lambda: {"raw_flights": archive})

    with Engine() as engine, pytest.raises(UnreadableSource, match=r"flights\.csv\.zip cannot be read"):
        read_raw(engine)


def test_a_day_of_nothing_but_malformed_lines_is_stopped(raw, tmp_path):
    rows = [list(row) for row in raw.whole["raw_flights"]]
    for row in rows[1:200]:
        row[rows[0].index("dep_delay")] = "late"
    raw.write(raw_flights=as_csv(rows))

    source.deliver([DAY], tmp_path / "source")
    stopped = validate([DAY], tmp_path / "source", tmp_path / "validated").stopped

    assert "more than a twentieth of the rows broke a critical rule" in stopped[DAY]


def test_a_table_without_a_row_is_a_table(tmp_path):
    """The last of December has no weather at all."""
    source._read.cache_clear()
    day = date(2013, 12, 31)

    source.deliver([day], tmp_path / "source")
    report = validate([day], tmp_path / "source", tmp_path / "validated")

    assert (report.days, report.stopped) == (1, {})
