"""An append-only log of facts and clock readings in one SQLite file: the seam where a broker goes."""

import io
import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from mlsystem import databases
from mlsystem.errors import UserError
from mlsystem.streaming import dead_letters

REMEDY = "restore it, or move it away: `make replay` fills a new log, and what was in this one is not taken in"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TABLES = """
CREATE TABLE IF NOT EXISTS events (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT, known_at INTEGER NOT NULL, payload TEXT);
CREATE INDEX IF NOT EXISTS clocks ON events ("offset") WHERE table_name IS NULL;
CREATE TABLE IF NOT EXISTS schemas (table_name TEXT PRIMARY KEY, arrow BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS commits (consumers TEXT PRIMARY KEY, "offset" INTEGER NOT NULL, clock INTEGER NOT NULL);
"""
INSERT = "INSERT INTO events (table_name, known_at, payload) VALUES (?, ?, ?)"


class OtherColumns(UserError):
    """A table's rows do not have the columns that the log knows the table by."""


class NothingAppended(UserError):
    """A table that a consumer needs has never been appended."""


class Record(NamedTuple):
    """One line of the log: a fact of `table`, or, if that is None, a clock: all that is known by then is in the log.

    What another program wrote can be anything: `streaming/event_validation.py` reads it.
    """

    offset: int
    table: str | None
    known_at: datetime
    payload: str


class Position(NamedTuple):
    """How far a group of consumers has come."""

    offset: int
    clock: datetime


class EventLog:
    """Records in the order of their arrival, each under an offset that only grows; any process may append or read.

    This class is the seam where a broker goes: a topic has the same append, read, end, commit and trim (retention).
    Delivery is at least once: a consumer commits after it has acted, so after a kill it acts again. A payload is one
    row of a validated table as JSON; the table's schema is kept beside, so instants and dates come back as such.
    Make one per thread. Raises databases.UnreadableDatabase.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        with databases.opening(path, REMEDY):
            self._connection = sqlite3.connect(path, timeout=30)
            self._connection.execute("PRAGMA journal_mode = WAL")  # readers never wait for the writer
            self._connection.execute(
                "PRAGMA synchronous = NORMAL"
            )  # a kill loses nothing; a power cut the last moments
            self._connection.executescript(TABLES + dead_letters.TABLE)

    def append(self, facts: Mapping[str, pa.Table], clock: datetime | None = None) -> int:
        """Append rows, ordered by when they became known, and then a clock reading: all or nothing. The rows appended.

        Raises OtherColumns.
        """
        lines = self._ordered(facts)
        if clock is not None:
            lines.append((None, microseconds(clock), None))
        with self._connection:
            self._connection.executemany(INSERT, lines)
        return len(lines) - (clock is not None)

    def prepend(self, facts: Mapping[str, pa.Table]) -> None:
        """Put rows before all that is there, which gets new offsets, and let every group begin anew: all or nothing."""
        lines = self._ordered(facts)
        with self._connection:
            there = self._connection.execute('DELETE FROM events RETURNING "offset", table_name, known_at, payload')
            self._connection.executemany(INSERT, lines + [record[1:] for record in sorted(there)])
            self._connection.execute("DELETE FROM commits")

    def read(self, after: int, limit: int) -> list[Record]:
        """Up to `limit` records with an offset above `after`, in order."""
        query = (
            'SELECT "offset", table_name, known_at, payload FROM events WHERE "offset" > ? ORDER BY "offset" LIMIT ?'
        )
        rows = self._connection.execute(query, (after, limit))
        return [Record(offset, table, _instant(known), payload) for offset, table, known, payload in rows]

    def decode(self, table: str, payloads: Sequence[str]) -> pa.Table:
        """Payloads of one table as its rows. Raises NothingAppended."""
        schema = self.schema(table)
        if not payloads:
            return schema.empty_table()
        written = pa.schema([(f.name, pa.string() if pa.types.is_temporal(f.type) else f.type) for f in schema])
        options = pyarrow.json.ParseOptions(explicit_schema=written, unexpected_field_behavior="error")
        rows = pyarrow.json.read_json(io.BytesIO("\n".join(payloads).encode()), parse_options=options)
        return rows.select(schema.names).cast(schema)

    def schema(self, table: str) -> pa.Schema:
        """The columns of a table. Raises NothingAppended."""
        found = self._one("SELECT arrow FROM schemas WHERE table_name = ?", table)
        if found is None:
            raise NothingAppended(f"{self.path} has never had a row of {table}; play some days first: `make replay`")
        return pa.ipc.read_schema(pa.BufferReader(found[0]))

    def end(self) -> int:
        """The offset of the last record ever appended; 0 before the first."""
        found = self._one("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
        return found[0] if found else 0

    def clock(self) -> datetime | None:
        """The last clock reading."""
        found = self._one('SELECT known_at FROM events WHERE table_name IS NULL ORDER BY "offset" DESC LIMIT 1')
        return _instant(found[0]) if found else None

    def commit(self, group: str, position: Position, before: Position | None) -> bool:
        """Remember how far the group has come: everything up to there has taken effect.

        Only if it was at `before` until now, and the record is there yet; False if not: the log was cleared meanwhile.
        """
        row = (position.offset, microseconds(position.clock), group)
        with self._connection:
            if before is None:
                is_there = 'EXISTS (SELECT 1 FROM events WHERE "offset" = ?)'
                insert = f'INSERT OR IGNORE INTO commits ("offset", clock, consumers) SELECT ?, ?, ? WHERE {is_there}'
                done = self._connection.execute(insert, (*row, position.offset))
            else:
                update = 'UPDATE commits SET "offset" = ?, clock = ? WHERE consumers = ? AND "offset" = ?'
                done = self._connection.execute(update, (*row, before.offset))
        return done.rowcount == 1

    def committed(self, group: str) -> Position | None:
        """How far the group has come; None if it has not begun on this log."""
        found = self._one('SELECT "offset", clock FROM commits WHERE consumers = ?', group)
        return Position(found[0], _instant(found[1])) if found else None

    def lag(self, group: str) -> tuple[int, float]:
        """How far the group is behind the end of the log: in records, and in seconds of event time."""
        position, clock = self.committed(group), self.clock()
        if position is None:
            return (self._one("SELECT COUNT(*) FROM events") or (0,))[0], 0.0
        behind = (clock - position.clock).total_seconds() if clock else 0.0
        return self.end() - position.offset, max(0.0, behind)

    def trim(self, before: datetime) -> int:
        """Drop what was appended before the last clock reading up to `before`; the number of records dropped.

        A clock reading stays first, so that a reader knows which of the facts behind it were late. What a group has
        not committed stays.
        """
        query = 'SELECT MAX("offset") FROM events WHERE table_name IS NULL AND known_at <= ?'
        (last,) = self._one(query, microseconds(before)) or (None,)
        (needed,) = self._one('SELECT MIN("offset") FROM commits') or (None,)
        with self._connection:
            bounds = (min(last or 0, needed or 0),)
            return self._connection.execute('DELETE FROM events WHERE "offset" < ?', bounds).rowcount

    def clear(self) -> None:
        """Begin anew: nothing is left. Offsets go on growing, so a consumer sees that this is another run."""
        with self._connection:
            self._connection.execute("DELETE FROM events")
            self._connection.execute("DELETE FROM commits")
            self._connection.execute("DELETE FROM dead_letters")

    def forget(self) -> datetime | None:
        """The same, but the last clock reading stays, and is given back; None without one."""
        last = 'SELECT MAX("offset") FROM events WHERE table_name IS NULL'
        with self._connection:
            self._connection.execute(f'DELETE FROM events WHERE "offset" <> ({last})')
            found = self._one('SELECT known_at FROM events WHERE table_name IS NULL ORDER BY "offset" LIMIT 1')
            self._connection.execute("DELETE FROM commits")
            self._connection.execute("DELETE FROM dead_letters")
        return _instant(found[0]) if found else None

    def close(self) -> None:
        self._connection.close()

    def _ordered(self, facts: Mapping[str, pa.Table]) -> list[tuple[str | None, int, str | None]]:
        lines = [line for name, rows in facts.items() if rows.num_rows for line in self._lines(name, rows)]
        return sorted(lines, key=lambda line: line[1])

    def _lines(self, name: str, rows: pa.Table) -> list[tuple[str | None, int, str | None]]:
        self._know(name, rows.schema)
        columns = [pc.cast(c, pa.string()) if pa.types.is_temporal(c.type) else c for c in rows.columns]
        texts = [json.dumps(row) for row in pa.table(columns, names=rows.schema.names).to_pylist()]
        moments = pc.cast(rows.column("known_at"), pa.int64()).to_pylist()
        return [(name, moment, text) for moment, text in zip(moments, texts, strict=True)]

    def _know(self, name: str, schema: pa.Schema) -> None:
        schema = schema.remove_metadata()
        with self._connection:
            row = (name, schema.serialize().to_pybytes())
            self._connection.execute("INSERT OR IGNORE INTO schemas VALUES (?, ?)", row)
        if self.schema(name) != schema:
            raise OtherColumns(f"{name} has {schema.names}, the log {self.schema(name).names}; delete {self.path}")

    def _one(self, query: str, *arguments: object) -> tuple | None:
        return self._connection.execute(query, arguments).fetchone()


def microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


def _instant(microseconds: int) -> datetime:
    """Beyond what a datetime holds, the last one that it does: whoever wrote it, a reader must get over it."""
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except (OverflowError, TypeError):
        return datetime.max.replace(tzinfo=UTC)
