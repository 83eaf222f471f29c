"""Raw files -> typed tables: a cell is data, so one that cannot be read costs its line and nothing else."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from mlsystem.contract.tables import RawFile
from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine, QueryFailed
from mlsystem.errors import UserError
from mlsystem.settings import Settings, load_project, load_settings

SQL_TYPES = {
    "integer": "INTEGER",
    "number": "DOUBLE",
    "instant": "TIMESTAMPTZ",
    "text": "VARCHAR",
    "time zone": "VARCHAR",
}
MALFORMED = pa.schema({"file": pa.string(), "line": pa.int64(), "service_date": pa.date32(), "reason": pa.string()})
LINE = "line"


class UnreadableSource(UserError):
    """A raw file that is not there, is not what its name says, or lacks a column."""


def raw_files() -> dict[str, Path]:
    """The raw files by name; a domain that makes its own keeps them beside the data.

    Raises SourceMissing, UnreadableSource.
    """
    found = dict(PROBLEM.source.find(raw_folder(load_settings()), load_project().seed))
    if found.keys() != PROBLEM.source.files.keys():
        named, expected = (", ".join(names) or "nothing" for names in (found, PROBLEM.source.files))
        raise UnreadableSource(f"find() of domain/source.py gives {named}; expected are the files declared: {expected}")
    return found


def raw_folder(settings: Settings) -> Path:
    """Where a domain may keep raw files of its own making."""
    return settings.data_dir / "0_raw"


def read_raw(engine: Engine) -> pa.Table:
    """Make a typed table of each raw file, without the lines that cannot be read. Returns these: MALFORMED, a row each.

    Raises UnreadableSource, SourceMissing.
    """
    malformed = []
    for name, path in raw_files().items():
        raw = PROBLEM.source.files[name]
        columns = raw.columns
        lines, ragged = _read_text(path, tuple(columns))
        malformed += [{"file": path.name, "line": line, "reason": reason} for line, reason in ragged]
        engine.register({f"{name}_text": lines})
        try:
            engine.execute(f"CREATE TABLE {name}_read AS SELECT *, {_reason(raw)} AS reason FROM {name}_text")
        except QueryFailed as wrong:
            raise UnreadableSource(f"{name} of domain/source.py: {str(wrong).splitlines()[0]}; mend its SQL") from wrong
        typed = ", ".join(f"TRY_CAST({c} AS {SQL_TYPES[kind]}) AS {c}" for c, kind in columns.items())
        engine.execute(f"CREATE TABLE {name} AS SELECT {typed} FROM {name}_read WHERE reason IS NULL")
        day = f"TRY_CAST(TRY({raw.service_date or 'NULL'}) AS DATE)"
        bad = f"SELECT {LINE}, {day} AS service_date, reason FROM {name}_read WHERE reason IS NOT NULL ORDER BY {LINE}"
        malformed += [{"file": path.name, **row} for row in engine.query(bad).to_pylist()]
    return pa.Table.from_pylist(malformed, MALFORMED)


def _reason(raw: RawFile) -> str:
    """SQL: the first thing that is wrong with a line, as a sentence; NULL if nothing is."""
    return f"CASE {' '.join(_cases(raw))} END"


def _cases(raw: RawFile) -> Iterator[str]:
    for column, kind in raw.columns.items():
        wrong = f"TRY_CAST({column} AS {SQL_TYPES[kind]}) IS NULL"
        if kind == "time zone":
            wrong = f"{column} NOT IN (SELECT name FROM pg_timezone_names())"
        yield f"WHEN {column} IS NOT NULL AND {wrong} THEN '{column} is no {kind}: ' || {column}"
    for column, (low, high) in raw.limits.items():
        wrong = f"TRY_CAST({column} AS INTEGER) NOT BETWEEN {low} AND {high}"
        yield f"WHEN {wrong} THEN '{column} is not from {low} to {high}: ' || {column}"
    if raw.service_date:
        wrong = f"TRY_CAST(TRY({raw.service_date}) AS DATE) IS NULL"
        said = f"COALESCE(CAST(TRY({raw.service_date}) AS VARCHAR), '')"  # else a line is lost silently
        yield f"WHEN {wrong} THEN 'there is no such day: ' || {said}"


def _read_text(path: Path, columns: tuple[str, ...]) -> tuple[pa.Table, list[tuple[int, str]]]:
    """The columns as text with the number of each line, and the lines that have another number of cells."""
    ragged: list[tuple[int, str]] = []

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append((row.number, f"it has {row.actual_columns} cells and the header {row.expected_columns}"))
        return "skip"

    convert = pyarrow.csv.ConvertOptions(
        include_columns=columns,
        column_types=dict.fromkeys(columns, pa.string()),
        null_values=[*PROBLEM.source.missing],
        strings_can_be_null=True,
    )
    options = {
        "read_options": pyarrow.csv.ReadOptions(use_threads=False),  # else an invalid row has no number
        "parse_options": pyarrow.csv.ParseOptions(invalid_row_handler=skip),
        "convert_options": convert,
    }
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive, archive.open(path.stem) as raw:
                rows = pyarrow.csv.read_csv(raw, **options)
        else:
            rows = pyarrow.csv.read_csv(path, **options)
    except (pa.ArrowInvalid, pa.ArrowKeyError, zipfile.BadZipFile, KeyError, OSError) as problem:
        raise UnreadableSource(_explain(path, columns, problem)) from problem
    return rows.append_column(LINE, pa.array(_line_numbers(rows.num_rows, ragged), pa.int64())), ragged


def _line_numbers(rows: int, ragged: list[tuple[int, str]]) -> list[int]:
    """Of the rows that were read, when the header is line 1 and the ragged lines were left out."""
    left_out = {line for line, _ in ragged}
    return [line for line in range(2, rows + len(left_out) + 2) if line not in left_out]


def _explain(path: Path, columns: tuple[str, ...], problem: Exception) -> str:
    if isinstance(problem, pa.ArrowKeyError):
        return (
            f"{path.name} lacks a column that is needed ({problem}); expected, parted by commas: {', '.join(columns)}. "
            f"Mend {path}, or what domain/source.py says of it, then run the same command again"
        )
    return (
        f"{path.name} cannot be read ({problem}); put a whole file in place of {path}, then run the same command again"
    )
