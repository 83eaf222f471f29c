"""A bound on the time that one lookup may take, kept by the store itself: no thread, so no price when all is well."""

import time

from feast import FeatureStore

from mlsystem.feature_store.store_file import reopen

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
        """Open the file anew, with the bound."""
        connection = reopen(self._store)
        if connection is None:
            return
        connection.execute(f"PRAGMA busy_timeout = {int(self._seconds * 1000)}")
        connection.set_progress_handler(lambda: int(time.monotonic() > self._until), STEPS)
