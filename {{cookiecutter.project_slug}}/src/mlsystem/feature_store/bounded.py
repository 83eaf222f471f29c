"""A bound on the time that one lookup may take, kept by the store itself: no thread, so no price when all is well."""

import sqlite3
import time

from feast import FeatureStore
from feast.infra.online_stores.sqlite import SqliteOnlineStore

STEPS = 50_000  # of SQLite's machine between two looks at the clock, about 1 ms; a healthy lookup takes 500


class Bounded:
    """Makes the online SQLite file give up: when a lock or a computation takes longer than `seconds`.

    Another kind of online store has a timeout of its own (Redis: socket_timeout in its connection string).
    """

    def __init__(self, store: FeatureStore, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._until = 0.0
        self.reconnect()

    def begin(self) -> None:
        """From now on the time counts."""
        self._until = time.monotonic() + self._seconds

    def reconnect(self) -> None:
        """Open the file anew: one that was replaced is another file, and the old connection would not see it."""
        online = self._store._get_provider().online_store
        if not isinstance(online, SqliteOnlineStore):
            return
        old, online._conn = online._conn, None
        if old is not None:
            old.close()
        connection: sqlite3.Connection = online._get_conn(self._store.config)
        connection.execute(f"PRAGMA busy_timeout = {int(self._seconds * 1000)}")
        connection.set_progress_handler(lambda: int(time.monotonic() > self._until), STEPS)
