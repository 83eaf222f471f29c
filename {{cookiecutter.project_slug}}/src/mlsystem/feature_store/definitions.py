"""The domain's views as Feast objects: entities, push sources, feature views and one feature service."""

import glob
from pathlib import Path

from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import FeastType, Float64, Int64, UnixTimestamp

from mlsystem.contract.features import View
from mlsystem.domain import PROBLEM

FEAST_TYPES: dict[str, FeastType] = {"number": Float64, "count": Int64, "instant": UnixTimestamp}


def entities() -> dict[str, Entity]:
    """One entity per key that any view has."""
    keys = sorted({key for view in PROBLEM.views for key in view.join_keys})
    return {key: Entity(name=key, join_keys=[key], value_type=ValueType.STRING) for key in keys}


def push_source_name(view: View) -> str:
    return f"{view.name}_push"


def batch_path(view: View, features_dir: Path) -> str:
    """The pattern of the view's partitions. Absolute, for Feast keeps it; a folder's own name may hold no pattern."""
    return str(Path(glob.escape(str(features_dir.resolve() / view.name)), "*.parquet"))


def feature_view(view: View, features_dir: Path) -> FeatureView:
    """Batch rows come from the view's partitions, fresh rows by push."""
    batch = FileSource(
        name=f"{view.name}_partitions",
        path=batch_path(view, features_dir),
        timestamp_field="event_timestamp",
    )
    known = entities()
    return FeatureView(
        name=view.name,
        entities=[known[key] for key in view.join_keys],
        ttl=view.ttl,
        schema=[Field(name=feature.name, dtype=FEAST_TYPES[feature.type]) for feature in view.features],
        source=PushSource(name=push_source_name(view), batch_source=batch),
        description=view.meaning,
        online=True,
    )


def everything(features_dir: Path) -> list[Entity | FeatureView | FeatureService]:
    """All that is registered: what `feast apply` would find in a repository of definitions."""
    views = [feature_view(view, features_dir) for view in PROBLEM.views]
    service = FeatureService(name=PROBLEM.feature_service, features=list(views))
    return [*entities().values(), *views, service]
