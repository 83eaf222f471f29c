"""A hostile environment, continued: a raw file of any kind is taken in, or told in one sentence."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import hostile
from questions import DAY
from raw_probe import TYPED, UNREADABLE, Rows, as_csv, day_columns, of_a_day, with_cells

if TYPED is None:
    pytest.skip("no raw line with a day has a cell that is no text", allow_module_level=True)
FILE, COLUMN, KIND = TYPED
LINE = 5


def cells(**texts: str) -> Callable[[Rows], bytes]:
    """The file with other texts in one line."""
    return lambda rows: with_cells(rows, LINE, **texts)


def renamed(rows: Rows) -> bytes:
    return as_csv([[f"{name}_of_another" if name == COLUMN else name for name in rows[0]], *rows[1:]])


def without_column(rows: Rows) -> bytes:
    at = rows[0].index(COLUMN)
    return as_csv([row[:at] + row[at + 1 :] for row in rows])


LACKS = f"{FILE}.csv lacks a column that is needed (Column '{COLUMN}'"
# What stands in the file: exit status, and what is said of it.
RAW: dict[str, tuple[Callable[[Rows], bytes], int, str]] = {
    "an empty cell": (cells(**{COLUMN: ""}), 0, "'days': 1"),
    "a word in a cell that is no text": (
        cells(**{COLUMN: UNREADABLE[KIND]}),
        0,
        f"{FILE}.csv, line {LINE}, is left out: {COLUMN} is no {KIND}: {UNREADABLE[KIND]}",
    ),
    "a line without a day": (cells(**dict.fromkeys(day_columns(FILE), "")), 0, "is left out: there is no such day"),
    "a missing column": (without_column, 1, LACKS),
    "a renamed column": (renamed, 1, LACKS),
    "another delimiter": (lambda rows: as_csv(rows, ";"), 1, "parted by commas"),
    "nothing": (lambda rows: b"", 1, f"{FILE}.csv cannot be read"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> hostile.Place:
    return hostile.copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def raw(place: hostile.Place) -> Path:
    """The raw files of the project's copy, for one day alone: it looks there."""
    folder = place.root / "raw_of_a_day"
    folder.mkdir()
    for name, rows in of_a_day(DAY).items():
        (folder / f"{name}.csv").write_bytes(as_csv(rows))
    module = place.root / "src/mlsystem/source/raw.py"
    found = {name: str(folder / f"{name}.csv") for name in of_a_day(DAY)}
    own = f"def raw_files():\n    return {{name: Path(path) for name, path in {found!r}.items()}}\n"
    module.write_text(f"{module.read_text(encoding='utf-8')}\n\n{own}", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("row", RAW)
def test_a_raw_file_of_any_kind_is_taken_in_or_told(place: hostile.Place, raw: Path, row: str):
    change, status, said = RAW[row]
    file = raw / f"{FILE}.csv"
    original = file.read_bytes()
    for folder in ("1_source", "2_validated"):
        shutil.rmtree(place.data / folder, ignore_errors=True)

    try:
        file.write_bytes(change(of_a_day(DAY)[FILE]))
        told = place.run("ingest", "--from", str(DAY), "--to", str(DAY))
    finally:
        file.write_bytes(original)

    assert (told.status, told.left, told.files) == (status, [], set()), told.words
    assert said in told.words
    assert "Traceback" not in told.words
    if status:
        assert told.words.strip().splitlines()[-1].startswith("ingest: "), told.words
        assert "run the same command again" in told.words
