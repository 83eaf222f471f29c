"""DUCKDB room: runs SQL text over Arrow tables. Nothing but SQL goes in and nothing but Arrow comes out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb
import pyarrow as pa

QueryFailed = duckdb.Error  # with the engine's own message


@contextmanager
def stoppable() -> Iterator[None]:
    """A Ctrl-C during a query stays one: DuckDB takes the signal and raises this RuntimeError in its place."""
    try:
        yield
    except RuntimeError as stopped:
        if str(stopped) == "Query interrupted":
            raise KeyboardInterrupt from stopped
        raise


class Engine:
    """An in-memory SQL engine in UTC. Not safe to share between threads: make one per thread."""

    def __init__(self, threads: int | None = None) -> None:
        """`threads`: as many as there are cores, unless it is said."""
        self._connection = duckdb.connect()
        if threads is not None:
            self._connection.execute(f"SET threads = {threads}")
        self._connection.execute("SET TimeZone = 'UTC'")  # not by `config`: that tries to download an extension

    def register(self, tables: Mapping[str, pa.Table]) -> None:
        """Make each table readable in SQL under its name, without a copy."""
        for name, table in tables.items():
            self._connection.register(name, table)

    def execute(self, sql: str) -> None:
        """Run a statement whose result is not needed, such as CREATE TABLE."""
        with stoppable():
            self._connection.execute(sql)

    def query(self, sql: str) -> pa.Table:
        """The rows that `sql` selects. Raises QueryFailed."""
        with stoppable():
            return self._connection.sql(sql).to_arrow_table()

    def close(self) -> None:
        """Let go of the connection. One that an exception keeps alive until exit makes DuckDB print its leaks."""
        self._connection.close()
        del self._connection

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()


def query(sql: str, tables: Mapping[str, pa.Table]) -> pa.Table:
    """One query over these tables on an engine of its own."""
    with Engine() as engine:
        engine.register(tables)
        return engine.query(sql)
