"""Opening the store: where the registry and the online rows are, registered once per set of definitions."""

import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

from feast import FeatureStore, RepoConfig
from feast.protos.feast.core.Registry_pb2 import Registry
from filelock import FileLock
from google.protobuf.message import DecodeError

from mlsystem import databases
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.feature_store import definitions


class NotRegistered(UserError):
    """The store has no registry that can be read."""


def open_store(features_dir: Path, online_dir: Path, register: bool = True) -> FeatureStore:
    """The store with every definition registered. About 7 seconds the first time in a process: Feast's import.

    A reader (`register=False`) takes the definitions as they are when it starts, unless they are of another place.
    Feast writes the registry in place, so a reader that looked again while a flow registers could read half of it.
    Raises NotRegistered.
    """
    registry, rows = online_dir / "registry.db", online_dir / "online.db"
    if not register and not registry.exists():
        raise NotRegistered(f"no feature registry in {online_dir}; run `make train` first")
    # Feast's DuckDB store reads through Ibis, which calls a name that DuckDB renamed.
    warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
    online_dir.mkdir(parents=True, exist_ok=True)
    _drop_if_torn(registry, online_dir / "registry.lock")
    store = FeatureStore(
        config=RepoConfig(
            project="mlsystem",
            provider="local",
            repo_path=online_dir,
            registry={
                "registry_type": "file",
                "path": str(registry),
                "cache_mode": "sync" if register else "thread",  # sync looks at the file's age on every request
                "cache_ttl_seconds": 0,  # never expires: a refresh on the request path costs 10 ms
            },
            offline_store={"type": "duckdb"},  # the default store drops entity rows without a feature in TTL
            online_store={"type": "sqlite", "path": str(rows)},
            entity_key_serialization_version=3,
            auth={"type": "no_auth"},
        )
    )
    if register:
        databases.check_readable(rows, "move it away; `make replay` fills a new one")
        with closing(sqlite3.connect(rows)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # readers never wait for the writer; kept in the file
    if register or not _is_registered(store, features_dir):
        with FileLock(online_dir / "registry.lock"):
            store.apply([*definitions.everything(features_dir)])
    return store


def _is_registered(store: FeatureStore, features_dir: Path) -> bool:
    """Whether the registry has these views of this place: a project that was moved or copied has another's paths."""
    registered = {view.name: getattr(view.batch_source, "path", "") for view in store.list_feature_views()}
    return registered == {view.name: definitions.batch_path(view, features_dir) for view in PROBLEM.views}


def _drop_if_torn(registry: Path, lock: Path) -> None:
    """Feast writes the registry in place: a kill meanwhile leaves half of it. All that is in it can be made again."""
    if _is_torn(registry):
        with FileLock(lock):
            if _is_torn(registry):  # and not because somebody wrote it just now
                registry.unlink()


def _is_torn(registry: Path) -> bool:
    try:
        Registry().ParseFromString(registry.read_bytes())
    except FileNotFoundError:
        return False
    except OSError as refused:
        raise NotRegistered(
            f"{registry} cannot be read ({refused.strerror}); move it away: it is made again"
        ) from refused
    except DecodeError:
        return True
    return False
