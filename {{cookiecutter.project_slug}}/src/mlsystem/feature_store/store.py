"""Opening the store: where the registry and the online rows are, registered once per set of definitions."""

from pathlib import Path

from feast import FeatureStore, RepoConfig

from mlsystem.feature_store import definitions


def open_store(features_dir: Path, online_dir: Path) -> FeatureStore:
    """The store with every definition registered. About 7 seconds the first time in a process: Feast's import."""
    online_dir.mkdir(parents=True, exist_ok=True)
    store = FeatureStore(
        config=RepoConfig(
            project="mlsystem",
            provider="local",
            repo_path=online_dir,
            registry={
                "registry_type": "file",
                "path": str(online_dir / "registry.db"),
                "cache_ttl_seconds": 0,  # never expires: a refresh on the request path costs 10 ms
            },
            offline_store={"type": "duckdb"},  # the default store drops entity rows without a feature in TTL
            online_store={"type": "sqlite", "path": str(online_dir / "online.db")},
            entity_key_serialization_version=3,
            auth={"type": "no_auth"},
        )
    )
    store.apply(definitions.everything(features_dir))
    return store
