"""Raw files -> data/1_source: one partition per table and day. A delivered day is delivered again for free."""

import logging
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine
from mlsystem.errors import UserError
from mlsystem.source.raw import MALFORMED, raw_files, read_raw


class DayOutside(UserError):
    """A day that the source does not reach to."""


MALFORMED_FILE = "malformed.parquet"  # beside the tables: the raw lines that could not be read, of the whole data set
TOLD_DAYS = 50
logger = logging.getLogger(__name__)


def deliver(days: Sequence[date], source_dir: Path) -> int:
    """Write every table's partition of each day that is not there yet; the number of days written.

    A day counts as there when all its partitions carry the fingerprint of the raw files and of the SQL,
    so a kill between two tables is repaired by the next run, and a changed transformation is noticed. A raw line
    that cannot be read is left out, and kept with its reason: `malformed`. Raises UnreadableSource, SourceMissing.
    """
    fingerprint = source_fingerprint()
    missing = check_within(days, source_dir)
    if not missing:
        return 0
    tables, malformed = _read()
    storage.write_table(source_dir / MALFORMED_FILE, malformed, fingerprint)
    year = {name: storage.split_by_day(rows, "service_date", missing) for name, rows in tables.items()}
    for done, day in enumerate(missing, start=1):
        for table in PROBLEM.tables:
            storage.Partitions(source_dir / table.name).write(day, year[table.name][day], fingerprint)
        if done % TOLD_DAYS == 0 or done == len(missing):
            logger.info("days delivered: %s of %s", done, len(missing))
    return len(missing)


def malformed(source_dir: Path) -> pa.Table:
    """The raw lines that could not be read: file, line, service date if it has one, reason. Empty before a delivery."""
    path = source_dir / MALFORMED_FILE
    return pq.read_table(path).replace_schema_metadata(None) if path.exists() else MALFORMED.empty_table()


def source_fingerprint() -> str:
    """Changes when a raw file or the SQL that reads it changes."""
    texts = [PROBLEM.sql_text(f"source_{table.name}") for table in PROBLEM.tables]
    texts.append(repr((PROBLEM.source.files, PROBLEM.source.missing, PROBLEM.source.lookups)))
    return storage.digest(*(path.read_bytes() for path in raw_files().values()), *texts)


def read_year() -> dict[str, pa.Table]:
    """Every table of the whole data set, sorted by service date and key. Raises UnreadableSource, SourceMissing."""
    return _read()[0]


@lru_cache(maxsize=1)
def _read() -> tuple[dict[str, pa.Table], pa.Table]:
    """The tables, and the raw lines that could not be read. About 2 seconds, once per process."""
    tables = {}
    with Engine() as engine:
        malformed = read_raw(engine)
        engine.register({name: pa.table(dict(columns)) for name, columns in PROBLEM.source.lookups.items()})
        for table in PROBLEM.tables:
            engine.execute(f"CREATE TABLE {table.name} AS {PROBLEM.sql_text(f'source_{table.name}')}")
            rows = engine.query(f"SELECT * FROM {table.name} ORDER BY service_date, {table.key}")
            tables[table.name] = rows.drop_columns([*table.outcomes])
    return tables, malformed


def check_within(days: Sequence[date], source_dir: Path) -> list[date]:
    """Those of the days that are to be delivered. Without rows a day is a day; outside of all it is not there yet.

    Raises DayOutside, UnreadableSource, SourceMissing.
    """
    fingerprint = source_fingerprint()
    missing = [day for day in days if not _is_delivered(day, source_dir, fingerprint)]
    if not missing:
        return []
    logger.info("reading the raw files")
    there = [rows["service_date"] for rows in read_year().values() if rows.num_rows]
    first, last = min(pc.min(dates).as_py() for dates in there), max(pc.max(dates).as_py() for dates in there)
    for day in missing:
        if not first <= day <= last:
            raise DayOutside(f"the source has no {day}: its days go from {first} to {last}")
    return missing


def _is_delivered(day: date, source_dir: Path, fingerprint: str) -> bool:
    partitions = (storage.Partitions(source_dir / table.name) for table in PROBLEM.tables)
    return all(partition.fingerprint(day) == fingerprint for partition in partitions)
