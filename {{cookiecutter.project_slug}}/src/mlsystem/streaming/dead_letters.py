"""Records that the consumer refused: kept with the reason in the log's own file, to be looked at and appended again."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

TABLE = """
CREATE TABLE IF NOT EXISTS dead_letters (
    "offset" INTEGER PRIMARY KEY, table_name TEXT, known_at INTEGER NOT NULL, payload TEXT, reason TEXT NOT NULL,
    is_open INTEGER NOT NULL DEFAULT 1);"""

CLOSE = "UPDATE dead_letters SET is_open = 0 WHERE is_open"


class DeadLetter(NamedTuple):
    """One record, under its offset in the log; of a clock reading `table` and `payload` are None."""

    offset: int
    table: str | None
    known_at: int  # microseconds since 1970, as the log has it: it can be beyond what a datetime holds
    payload: str | None
    reason: str


class DeadLetters:
    """The letters of one log. One that was appended again stays, closed: its record must not come to life again."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=30)
        self._connection.execute(TABLE)

    def keep(self, letters: Iterable[DeadLetter]) -> None:
        """Remember them; doing it again changes nothing."""
        with self._connection:
            insert = 'INSERT OR IGNORE INTO dead_letters ("offset", table_name, known_at, payload, reason)'
            self._connection.executemany(f"{insert} VALUES (?, ?, ?, ?, ?)", letters)

    def offsets(self) -> dict[int, str]:
        """The reason by offset, of open and closed ones."""
        return dict(self._connection.execute('SELECT "offset", reason FROM dead_letters'))

    def open(self) -> list[DeadLetter]:
        """Those that nobody has appended again, in the order of their arrival."""
        columns = '"offset", table_name, known_at, payload, reason'
        query = f'SELECT {columns} FROM dead_letters WHERE is_open ORDER BY "offset"'
        return [DeadLetter(*row) for row in self._connection.execute(query)]

    def count(self) -> int:
        """How many are open."""
        (found,) = self._connection.execute("SELECT COUNT(*) FROM dead_letters WHERE is_open").fetchone()
        return int(found)

    def replay(self) -> int:
        """Append every open fact to the log again, as it is, and close all; how many facts. One step: all or nothing.

        The consumer judges them anew: by rules that were mended, and as late as they are by now. A clock reading that
        was wrong is closed only.
        """
        with self._connection:
            self._connection.execute(
                "INSERT INTO events (table_name, known_at, payload) SELECT table_name, known_at, payload "
                'FROM dead_letters WHERE is_open AND table_name IS NOT NULL ORDER BY "offset"'
            )
            facts = self._connection.execute(CLOSE + " AND table_name IS NOT NULL").rowcount
            self._connection.execute(CLOSE)
        return facts

    def dismiss(self) -> None:
        """Close all: what they say is wrong, and stays out."""
        with self._connection:
            self._connection.execute(CLOSE)

    def close(self) -> None:
        self._connection.close()
