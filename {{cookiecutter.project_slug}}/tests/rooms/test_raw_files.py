"""Raw cells are data: what cannot be read costs its line, with file, line and reason; a broken file is one sentence."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine
from mlsystem.source import deliver as source
from mlsystem.source.raw import UnreadableSource, read_raw
from mlsystem.validation.validate import validate
from planted_rows import TOO_MANY_REFUSED
from questions import DAY
from raw_probe import TYPED, UNREADABLE, RawFolder, as_csv, day_columns, raw_folder, typed_columns, with_cells

FILES = PROBLEM.source.files
DATED = [name for name, file in FILES.items() if file.service_date]
LINE = 7
some_cell_is_typed = pytest.mark.skipif(TYPED is None, reason="no raw line with a day has a cell that is no text")


def of_another_type() -> Iterator[tuple[str, dict[str, str], str]]:
    """Of each file and type of cell, the first column with a text that is no such thing; then beyond each limit."""
    for name, file in FILES.items():
        first = {kind: column for column, kind in reversed(file.columns.items()) if kind in UNREADABLE}
        for kind, column in first.items():
            yield name, {column: UNREADABLE[kind]}, f"{column} is no {kind}: {UNREADABLE[kind]}"
        for column, (low, high) in file.limits.items():
            yield name, {column: str(high + 1)}, f"{column} is not from {low} to {high}: {high + 1}"


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawFolder]:
    with raw_folder(tmp_path / "raw", DAY, monkeypatch) as folder:
        yield folder


@pytest.mark.parametrize(("file", "cells", "reason"), of_another_type())
def test_a_cell_that_cannot_be_read_costs_its_line_alone(raw, file, cells, reason):
    raw.write(**{file: with_cells(raw.whole[file], LINE, **cells)})

    with Engine() as engine:
        malformed = read_raw(engine).to_pylist()
        left = engine.query(f"SELECT COUNT(*) AS rows FROM {file}").to_pylist()[0]["rows"]

    assert [(row["line"], row["reason"]) for row in malformed] == [(LINE, reason)]
    assert malformed[0]["file"] == raw.path(file).name
    assert left == len(raw.whole[file]) - 2


@pytest.mark.parametrize("file", DATED)
def test_a_line_that_says_no_day_is_left_out(raw, file):
    raw.write(**{file: with_cells(raw.whole[file], LINE, **dict.fromkeys(day_columns(file), ""))})

    with Engine() as engine:
        (malformed,) = read_raw(engine).to_pylist()

    assert (malformed["line"], malformed["service_date"]) == (LINE, None)
    assert malformed["reason"].startswith("there is no such day")


@some_cell_is_typed
def test_a_line_with_too_few_cells_is_left_out_and_the_lines_after_it_keep_their_numbers(raw):
    file, column, kind = TYPED
    rows = [list(row) for row in raw.whole[file]]
    cells = len(rows[0])
    rows[4] = rows[4][: cells - 1]
    rows[8][rows[0].index(column)] = UNREADABLE[kind]
    raw.write(**{file: as_csv(rows)})

    with Engine() as engine:
        malformed = read_raw(engine).to_pylist()

    assert [row["line"] for row in malformed] == [5, 9]
    assert malformed[0]["reason"] == f"it has {cells - 1} cells and the header {cells}"


@some_cell_is_typed
@pytest.mark.parametrize("cell", PROBLEM.source.missing)
def test_an_empty_cell_is_a_value_that_is_missing_and_no_fault(raw, cell):
    file, column, _ = TYPED
    count = f"SELECT COUNT(*) FILTER (WHERE {column} IS NULL) AS missing FROM {file}"
    with Engine() as engine:
        read_raw(engine)
        before = engine.query(count).to_pylist()[0]["missing"]

    header, *rows = raw.whole[file]
    line = next(n for n, row in enumerate(rows, start=2) if row[header.index(column)] not in PROBLEM.source.missing)
    raw.write(**{file: with_cells(raw.whole[file], line, **{column: cell})})

    with Engine() as engine:
        assert read_raw(engine).num_rows == 0
        assert engine.query(count).to_pylist()[0]["missing"] == before + 1


def renamed(rows: list[list[str]]) -> bytes:
    return as_csv([[f"{name}_" for name in rows[0]], *rows[1:]])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (renamed, "lacks a column"),
        (lambda rows: as_csv(rows, ";"), "parted by commas: "),
        (lambda rows: b"", "cannot be read"),
        (lambda rows: as_csv([*rows, ["ö"] * len(rows[0])]).decode().encode("latin-1"), "cannot be read"),
    ],
    ids=["renamed columns", "another delimiter", "an empty file", "another encoding"],
)
def test_a_file_that_is_no_such_table_is_one_sentence(raw, content, sentence):
    file = list(FILES)[-1]
    raw.write(**{file: content(raw.whole[file])})

    with Engine() as engine, pytest.raises(UnreadableSource) as told:
        read_raw(engine)

    assert sentence in str(told.value)
    assert str(raw.path(file)) in str(told.value)
    assert "run the same command again" in str(told.value)


@some_cell_is_typed
def test_the_rest_of_a_day_with_malformed_lines_goes_on(raw, tmp_path):
    raw.write(**with_malformed(raw, 2))

    source.deliver([DAY], tmp_path / "source")
    report = validate([DAY], tmp_path / "source", tmp_path / "validated")

    assert source.malformed(tmp_path / "source")["line"].to_pylist() == [2, 3]
    assert report.stopped == {}


@some_cell_is_typed
@pytest.mark.skipif(TOO_MANY_REFUSED is None, reason="the domain lets any share of rows go")
def test_a_day_with_many_malformed_lines_is_stopped(raw, tmp_path):
    delivered = sum(pc.sum(pc.equal(rows["service_date"], DAY)).as_py() for rows in source.read_year().values())
    raw.write(**with_malformed(raw, int(2 * TOO_MANY_REFUSED.arguments["max_value"] * delivered)))

    source.deliver([DAY], tmp_path / "source")
    stopped = validate([DAY], tmp_path / "source", tmp_path / "validated").stopped

    assert TOO_MANY_REFUSED.reason in stopped[DAY]


def with_malformed(raw: RawFolder, lines: int) -> dict[str, bytes]:
    """The longest file whose lines can lose a cell and keep their day, with so many that cannot be read, or all."""
    file, column, kind = max(typed_columns(), key=lambda one: len(raw.whole[one[0]]))
    header, *rows = (list(row) for row in raw.whole[file])
    for row in rows[:lines]:
        row[header.index(column)] = UNREADABLE[kind]
    return {file: as_csv([header, *rows])}


def test_the_real_files_have_no_malformed_line():
    with Engine() as engine:
        assert read_raw(engine).num_rows == 0
