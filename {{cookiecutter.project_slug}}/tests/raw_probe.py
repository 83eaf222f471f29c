"""Small raw files of a test's own in the place of the domain's: the lines of one day, of which a test changes cells,
and below them those of the days that still matter to it."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.engine import query
from mlsystem.source import deliver, raw

Rows = list[list[str]]  # the header, and a list of cells for each line
MOST_LINES = 20_000  # of a file whose lines have no day
UNREADABLE = {"number": "mild", "integer": "many", "instant": "yesterday", "time zone": "Mars/Phobos"}


def day_columns(file: str) -> list[str]:
    """The columns that the day of a line comes from."""
    known = PROBLEM.source.files[file]
    return [column for column in known.columns if re.search(rf"\b{column}\b", known.service_date or "")]


def typed_columns() -> Iterator[tuple[str, str, str]]:
    """The file, name and type of each column that is no text and that its line's day, which it has, does not come
    from: numbers first."""
    for kind in UNREADABLE:
        for name, file in PROBLEM.source.files.items():
            free = [one for one in file.columns if file.columns[one] == kind and one not in day_columns(name)]
            yield from ((name, column, kind) for column in free if file.service_date)


TYPED = next(typed_columns(), None)


@cache
def of_a_day(day: date) -> dict[str, Rows]:
    """By raw file, its header and the day's lines, then those of the days before; or all if its lines have no day."""
    return {name: _of_a_day(name, path, day) for name, path in raw.raw_files().items()}


def _of_a_day(name: str, path: Path, day: date) -> Rows:
    whole = zipfile.ZipFile(path).read(path.stem) if path.suffix == ".zip" else path.read_bytes()
    header, *rows = csv.reader(io.StringIO(whole.decode()))
    said = PROBLEM.source.files[name].service_date
    if said is None:
        return [header, *rows[:MOST_LINES]]
    places = {column: header.index(column) for column in day_columns(name)}
    cells = {column: pa.array([row[at] for row in rows], pa.string()) for column, at in places.items()}
    lines = pa.table({**cells, "place": pa.array(range(len(rows)))})
    first = day - timedelta(days=PROBLEM.lookback_days)  # a fact may be about a row of an earlier day
    dated = f"SELECT place, TRY_CAST({said} AS DATE) AS day FROM lines"
    wanted = f"SELECT place FROM ({dated}) WHERE day BETWEEN '{first}' AND '{day}' ORDER BY day = '{day}' DESC, place"
    chosen = query(wanted, {"lines": lines})
    return [header, *(rows[place] for place in chosen["place"].to_pylist())]


@dataclass(frozen=True)
class RawFolder:
    """Where the source looks for the raw files, as long as a test takes."""

    folder: Path
    whole: dict[str, Rows]

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.csv"

    def write(self, **changed: bytes) -> None:
        """Each raw file as it is, but for those given as bytes."""
        for name, rows in self.whole.items():
            self.path(name).write_bytes(changed.get(name, as_csv(rows)))
        deliver._read.cache_clear()


@contextmanager
def raw_folder(folder: Path, day: date, patch: pytest.MonkeyPatch) -> Iterator[RawFolder]:
    """A folder of the day's raw lines, from which the source then reads."""
    made = RawFolder(folder, {name: list(rows) for name, rows in of_a_day(day).items()})
    folder.mkdir()
    paths = {name: made.path(name) for name in made.whole}
    for module in (raw, deliver):
        patch.setattr(module, "raw_files", lambda: paths)
    made.write()
    yield made
    deliver._read.cache_clear()


def as_csv(rows: Rows, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def with_cells(rows: Rows, line: int, **cells: str) -> bytes:
    """The file with other texts in some cells of a line; the header is line 1."""
    changed = [list(row) for row in rows]
    for column, cell in cells.items():
        changed[line - 1][rows[0].index(column)] = cell
    return as_csv(changed)
