"""The online store's file, when it is SQLite: one that was restored from a copy is another file, and must be opened."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from feast import FeatureStore
from feast.infra.online_stores.sqlite import SqliteOnlineStore


class StoreFile:
    """Which file stands in the store's place. Another kind of store has none, and is never replaced."""

    def __init__(self, store: FeatureStore) -> None:
        path = getattr(store.config.online_store, "path", None)
        self._path = Path(path) if path else None
        self._opened = 0
        self._opened = self._inode()

    def follow(self, reopen: Callable[[], object]) -> bool:
        """Call `reopen` if another file stands there now, and again the next time if that fails. Whether it did."""
        if (inode := self._inode()) == self._opened:
            return False
        reopen()
        self._opened = inode
        return True

    def _inode(self) -> int:
        """Of the file that is there; of the one that is open, if none is."""
        try:
            return self._path.stat().st_ino if self._path else 0
        except OSError:
            return self._opened


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
