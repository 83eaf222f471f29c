"""A prediction log of three November weeks, made from the training set without a service, to plant faults in."""

import json
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from mlsystem import storage
from mlsystem.domain.features import STORED_FEATURES
from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.training_sets import historical_features, with_as_of
from mlsystem.model_registry.champion import Champion
from mlsystem.model_registry.registry import load_champion
from mlsystem.settings import Settings

LAST = date(2013, 11, 5)
DAYS = storage.day_range(LAST - timedelta(days=20), LAST)
EVERY = 4  # one flight in four is enough for shares
SKEW_DAYS = 2  # the offline path is asked about the newest rows only
Change = Callable[[dict[str, Any]], dict[str, Any]]


def own_batch(built: Settings, data_dir: Path) -> Settings:
    """Settings for a monitor: built models and features, validated days that may be removed one by one."""
    for name in ("features_dir", "models_dir", "training_sets_dir"):
        source = getattr(built, name)
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / source.name).symlink_to(source)
    settings = Settings(data_dir=data_dir, reports_dir=data_dir / "reports")
    for table in ("flights", "arrivals"):
        (settings.validated_dir / table).mkdir(parents=True)
        for path in (built.validated_dir / table).glob("*.parquet"):
            (settings.validated_dir / table / path.name).symlink_to(path)
    open_store(settings.features_dir, settings.online_dir)
    return settings


def records(settings: Settings) -> list[dict[str, Any]]:
    """What a healthy service would have logged for every fourth flight of the three weeks."""
    champion = load_champion(settings.models_dir)
    flights = storage.Partitions(settings.validated_dir / "flights").read(DAYS).to_pandas()
    rows = pq.read_table(settings.training_sets_dir / "delay_v1.parquet").to_pandas()
    rows = rows[rows["service_date"].isin(DAYS)][["flight_id", *MODEL_COLUMNS]]
    asked = with_as_of(flights).merge(rows, on="flight_id", suffixes=("", "_code"), how="left").iloc[::EVERY]
    matrix = asked[[f"{name}_code" if f"{name}_code" in asked else name for name in MODEL_COLUMNS]]
    scores = champion.predict(matrix.to_numpy(dtype="float64"))
    stored = _stored(settings, asked)
    return [
        _record(champion, flight, row, float(score), stored.get(flight["flight_id"], {}))
        for flight, row, score in zip(asked.to_dict("records"), matrix.to_numpy().tolist(), scores, strict=True)
    ]


def write(settings: Settings, said: list[dict[str, Any]], change: Change = lambda one: one) -> None:
    """Replace the log by these records, each changed."""
    settings.predictions_dir.mkdir(exist_ok=True)
    lines = "".join(json.dumps(change(dict(one))) + "\n" for one in said)
    (settings.predictions_dir / f"{LAST}.planted-0.jsonl").write_text(lines)


def _stored(settings: Settings, asked: pd.DataFrame) -> dict[str, dict[str, Any]]:
    newest = asked[asked["service_date"] > LAST - timedelta(days=SKEW_DAYS)]
    store = open_store(settings.features_dir, settings.online_dir, register=False)
    keys = newest[["flight_id", "carrier", "origin", "destination", "tail_number", "event_timestamp"]]
    found = historical_features(store, keys.assign(tail_number=keys["tail_number"].fillna("unknown")))
    names = [feature.name for feature in STORED_FEATURES]
    return {row["flight_id"]: {name: _plain(row[name]) for name in names} for row in found.to_dict("records")}


def _plain(value: Any) -> Any:
    if value is None or pd.isna(value):
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


def _record(champion: Champion, flight: dict, row: list[float], score: float, stored: dict) -> dict[str, Any]:
    instants = {name: flight[name].isoformat() for name in ("scheduled_departure_at", "scheduled_arrival_at")}
    return {
        "prediction_id": uuid.uuid4().hex,
        "logged_at": flight["event_timestamp"].isoformat(),
        "as_of": flight["event_timestamp"].isoformat(),
        **{name: _plain(flight[name]) for name in ("carrier", "flight_number", "origin", "destination", "tail_number")},
        **instants,
        "stored": stored,
        "model_row": {name: _plain(value) for name, value in zip(MODEL_COLUMNS, row, strict=True)},
        "feature_ages_seconds": {},
        "probability": score,
        "decision": "warn" if score > champion.warn_above else "stay_silent",
        "model_name": champion.name,
        "model_version": champion.version,
        "degraded": not stored,  # so that the offline path is asked about the newest rows alone
        "degraded_because": [],
    }
