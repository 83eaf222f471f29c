"""Raw cells are data: what cannot be read costs its line, with file, line and reason; a broken file is one sentence."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import plain
from mlsystem.domain import adapter
from mlsystem.engine import Engine
from mlsystem.source import deliver as source
from mlsystem.source.raw import UnreadableSource, read_raw
from mlsystem.validation.validate import validate

DAY = date(2013, 1, 1)
FLIGHTS = "flights.csv"
Rows = list[list[str]]


def of_the_day(name: str) -> Rows:
    """The header and the first day's lines of a raw file, or all of it if it has no days."""
    path = plain.raw_folder() / name
    text = zipfile.ZipFile(f"{path}.zip").read(name).decode() if name == FLIGHTS else path.read_text("utf-8")
    header, *rows = csv.reader(io.StringIO(text))
    if "day" not in header:
        return [header, *rows]
    month, day = header.index("month"), header.index("day")
    return [header, *(row for row in rows if (row[month], row[day]) == ("1", "1"))]


@pytest.fixture(scope="module")
def whole() -> dict[str, Rows]:
    return {name: of_the_day(name) for name in (FLIGHTS, "weather.csv", "planes.csv", "airports.csv")}


@pytest.fixture
def write(whole: dict[str, Rows], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes the raw files as they are, but for those given as bytes; the source then reads them."""
    folder = tmp_path / "raw"
    folder.mkdir()
    monkeypatch.setattr(adapter, "raw_files", lambda: {name: folder / file for name, file in adapter.FILES.items()})
    source._read.cache_clear()

    def write(**changed: bytes) -> Path:
        contents = {name: as_csv(rows) for name, rows in whole.items()}
        contents |= {f"{name}.csv": content for name, content in changed.items()}
        for name, content in contents.items():
            if name == FLIGHTS:
                with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
                    archive.writestr(name, content)
            else:
                (folder / name).write_bytes(content)
        return folder

    yield write  # type: ignore[misc]
    source._read.cache_clear()


def as_csv(rows: Rows) -> bytes:
    return "\n".join(",".join(row) for row in rows).encode() + b"\n"


def with_cell(rows: Rows, line: int, column: str, cell: str) -> bytes:
    """The file with another text in one cell; the header is line 1."""
    changed = [list(row) for row in rows]
    changed[line - 1][rows[0].index(column)] = cell
    return as_csv(changed)


@pytest.mark.parametrize(
    ("file", "column", "cell", "reason"),
    [
        ("flights", "dep_delay", "late", "dep_delay is no integer: late"),
        ("flights", "arr_delay", "99999999999", "arr_delay is no integer: 99999999999"),
        ("flights", "time_hour", "yesterday", "time_hour is no instant: yesterday"),
        ("flights", "day", "30.5", "there is no such day: 2013-1-30.5"),
        ("flights", "month", "13", "there is no such day: 2013-13-1"),
        ("flights", "year", "", "there is no such day: 1-1"),
        ("flights", "minute", "61", "minute is not from 0 to 59: 61"),
        ("weather", "hour", "99", "hour is not from 0 to 23: 99"),
        ("weather", "temp", "mild", "temp is no number: mild"),
        ("weather", "time_hour", "2013-02-30T05:00:00Z", "time_hour is no instant: 2013-02-30T05:00:00Z"),
        ("planes", "seats", "many", "seats is no integer: many"),
        ("airports", "tzone", "Mars/Phobos", "tzone is no time zone: Mars/Phobos"),
    ],
)
def test_a_cell_that_cannot_be_read_costs_its_line_alone(write, whole, file, column, cell, reason):
    write(**{file: with_cell(whole[f"{file}.csv"], 7, column, cell)})

    with Engine() as engine:
        malformed = read_raw(engine).to_pylist()
        left = engine.query(f"SELECT COUNT(*) AS rows FROM raw_{file}").to_pylist()[0]["rows"]

    assert [(row["line"], row["reason"]) for row in malformed] == [(7, reason)]
    assert malformed[0]["file"].startswith(f"{file}.csv")
    assert left == len(whole[f"{file}.csv"]) - 2


def test_a_line_with_too_few_cells_is_left_out_and_the_lines_after_it_keep_their_numbers(write, whole):
    rows = [list(row) for row in whole["weather.csv"]]
    rows[4] = rows[4][:3]
    rows[8][rows[0].index("temp")] = "mild"
    write(weather=as_csv(rows))

    with Engine() as engine:
        malformed = read_raw(engine).to_pylist()

    assert [row["line"] for row in malformed] == [5, 9]
    assert malformed[0]["reason"] == "it has 3 cells and the header 15"


@pytest.mark.parametrize("cell", ["", "NA"])
def test_an_empty_cell_is_a_value_that_is_missing_and_no_fault(write, whole, cell):
    write(weather=with_cell(whole["weather.csv"], 7, "temp", cell))

    with Engine() as engine:
        assert read_raw(engine).num_rows == 0
        (row,) = engine.query("SELECT COUNT(*) FILTER (WHERE temp IS NULL) AS missing FROM raw_weather").to_pylist()
    assert row["missing"] == 1


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("weather", lambda rows: as_csv([[c.replace("temp", "t") for c in rows[0]], *rows[1:]]), "lacks a column"),
        ("weather", lambda rows: as_csv(rows).replace(b",", b";"), "parted by commas: year, month"),
        ("airports", lambda rows: b"", "cannot be read"),
        ("planes", lambda rows: as_csv(rows).decode().replace("BOEING", "BÖING").encode("latin-1"), "cannot be read"),
    ],
    ids=["a renamed column", "another delimiter", "an empty file", "another encoding"],
)
def test_a_file_that_is_no_such_table_is_one_sentence(write, whole, file, content, sentence):
    folder = write(**{file: content(whole[f"{file}.csv"])})

    with Engine() as engine, pytest.raises(UnreadableSource) as told:
        read_raw(engine)

    assert sentence in str(told.value)
    assert str(folder / f"{file}.csv") in str(told.value)
    assert "run the same command again" in str(told.value)


def test_an_archive_that_is_cut_off_is_one_sentence(write):
    archive = write() / "flights.csv.zip"
    archive.write_bytes(archive.read_bytes()[:1_000])

    with Engine() as engine, pytest.raises(UnreadableSource, match=r"flights\.csv\.zip cannot be read"):
        read_raw(engine)


def test_the_rest_of_a_day_with_malformed_lines_goes_on_and_a_day_of_nothing_else_is_stopped(write, whole, tmp_path):
    rows = [list(row) for row in whole[FLIGHTS]]
    late = rows[0].index("dep_delay")
    rows[1][late] = rows[2][late] = "late"
    write(flights=as_csv(rows))

    source.deliver([DAY], tmp_path / "source")
    report = validate([DAY], tmp_path / "source", tmp_path / "validated")

    assert source.malformed(tmp_path / "source")["line"].to_pylist() == [2, 3]
    assert report.stopped == {}
    for row in rows[1:200]:
        row[late] = "late"
    source._read.cache_clear()
    write(flights=as_csv(rows))
    source.deliver([DAY], tmp_path / "other source")
    stopped = validate([DAY], tmp_path / "other source", tmp_path / "other").stopped
    assert "more than a twentieth of the rows broke a critical rule" in stopped[DAY]


def test_the_real_files_have_no_malformed_line():
    with Engine() as engine:
        assert read_raw(engine).num_rows == 0


def test_a_table_without_a_row_is_a_table(tmp_path):
    """The last of December has no weather at all."""
    source._read.cache_clear()
    day = date(2013, 12, 31)

    source.deliver([day], tmp_path / "source")
    report = validate([day], tmp_path / "source", tmp_path / "validated")

    assert (report.days, report.stopped) == (1, {})
