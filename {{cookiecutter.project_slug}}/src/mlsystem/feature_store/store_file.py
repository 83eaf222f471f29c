"""The online store's file, when it is SQLite: one that was restored from a copy is another file, and must be opened."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from feast import FeatureStore
from feast.infra.online_stores.sqlite import SqliteOnlineStore


class StoreGone(OSError):
    """No file stands where the online rows were: the open one is read on by nobody who writes."""


class StoreBusy(OSError):
    """Another process holds the file and lets nobody write, or read, into it."""


@contextmanager
def telling_who_is_busy() -> Iterator[None]:
    """Raises StoreBusy, for SQLite's own error says neither which file nor what to do."""
    try:
        yield
    except sqlite3.OperationalError as problem:
        if "locked" not in str(problem):
            raise
        raise StoreBusy(f"the online store is held by another process ({problem}); end what holds it") from problem


class StoreFile:
    """Which file stands in the store's place. Another kind of store has none, and is never replaced."""

    def __init__(self, store: FeatureStore) -> None:
        path = getattr(store.config.online_store, "path", None)
        self._path = Path(path) if path else None
        try:
            self._opened = self._inode()
        except StoreGone:
            self._opened = 0  # not made yet

    def follow(self, reopen: Callable[[], object]) -> bool:
        """Call `reopen` if another file stands there now, and again the next time if that fails. Whether it did.

        Raises StoreGone if none does: the one that is open is what somebody took away, and only grows old.
        """
        if (inode := self._inode()) == self._opened:
            return False
        reopen()
        self._opened = inode
        return True

    def check(self) -> None:
        """Raises StoreGone. To be asked before anything is opened: SQLite would make an empty file."""
        self._inode()

    def _inode(self) -> int:
        try:
            return self._path.stat().st_ino if self._path else 0
        except OSError as problem:
            raise StoreGone(f"{self._path} is not there; put it back, or `make replay` fills a new one") from problem


def reopen(store: FeatureStore) -> sqlite3.Connection | None:
    """Open the file anew: the old connection reads and writes the old one on. None if the store is no SQLite."""
    online = store._get_provider().online_store
    if not isinstance(online, SqliteOnlineStore):
        return None
    old, online._conn = online._conn, None
    if old is not None:
        old.close()
    connection: sqlite3.Connection = online._get_conn(store.config)
    return connection
