"""The prediction log: every answer with all that it was made from, as JSON lines that are only ever appended."""

import json
import math
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlsystem.domain.features import STORED_FEATURES
from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.errors import UserError

if TYPE_CHECKING:  # what reads the log needs neither Feast nor a model
    from mlsystem.feature_store.online import Stored
    from mlsystem.model_registry.champion import Champion
    from mlsystem.serving.asked import AskedFlight
    from mlsystem.serving.schema import Answer

ARROW_TYPES = {"number": pa.float64(), "count": pa.int64(), "instant": pa.timestamp("us", "UTC")}
INSTANT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    {
        "prediction_id": pa.string(),
        "logged_at": INSTANT,
        "as_of": INSTANT,
        "carrier": pa.string(),
        "flight_number": pa.int64(),
        "origin": pa.string(),
        "destination": pa.string(),
        "tail_number": pa.string(),
        "scheduled_departure_at": INSTANT,
        "scheduled_arrival_at": INSTANT,
        "stored": pa.struct([(feature.name, ARROW_TYPES[feature.type]) for feature in STORED_FEATURES]),
        "model_row": pa.struct([(name, pa.float64()) for name in MODEL_COLUMNS]),
        "feature_ages_seconds": pa.map_(pa.string(), pa.float64()),
        "probability": pa.float64(),
        "decision": pa.string(),
        "model_name": pa.string(),
        "model_version": pa.string(),
        "degraded": pa.bool_(),
        "degraded_because": pa.list_(pa.string()),
        "shadow_version": pa.string(),
        "shadow_probability": pa.float64(),
    }
)
SHADOW_FOLDER = "shadow"  # beside the predictions: the challenger's scores of them, written up to seconds later


def record(
    champion: "Champion",
    logged_at: datetime,
    flight: "AskedFlight",
    stored: "Stored",
    row: list[float],
    answer: "Answer",
) -> dict[str, Any]:
    """One answer and all that it was made from. Stored values are logged as they were read, to the last digit."""
    known = {name: None if math.isnan(value) else value for name, value in zip(champion.columns, row, strict=True)}
    return {
        "prediction_id": answer.prediction_id,
        "logged_at": logged_at,
        "as_of": flight.as_of,
        "carrier": flight.carrier,
        "flight_number": flight.flight_number,
        "origin": flight.origin,
        "destination": flight.destination,
        "tail_number": flight.tail_number,
        "scheduled_departure_at": flight.scheduled_departure_at,
        "scheduled_arrival_at": flight.scheduled_arrival_at,
        "stored": dict(stored.values),
        "model_row": known,
        "feature_ages_seconds": dict(stored.age_seconds),
        "probability": answer.probability,
        "decision": answer.decision,
        "model_name": champion.name,
        "model_version": champion.version,
        "degraded": answer.degraded,
        "degraded_because": answer.degraded_because,
    }


class NothingLogged(UserError):
    """There is no prediction to look at."""


def check_some(predictions_dir: Path) -> None:
    """Raises NothingLogged, with what to do, if no prediction is logged."""
    if next(records(predictions_dir), None) is None:
        raise NothingLogged(f"no prediction is logged in {predictions_dir}; run `make replay` first")


def records(predictions_dir: Path, day: date | None = None) -> Iterator[dict[str, Any]]:
    """Every whole record of the day, or of all days, file by file; a torn last line is skipped."""
    for path in sorted(predictions_dir.glob(f"{day or '*'}.*.jsonl")):
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    yield json.loads(line)


def read(predictions_dir: Path, day: date | None = None) -> pa.Table:
    """A table of SCHEMA, the challenger's scores with it; `read(...).flatten()` spreads the structs."""
    shadows = {one["prediction_id"]: one for one in records(predictions_dir / SHADOW_FOLDER)}
    rows = []
    for record in records(predictions_dir, day):
        shadow = shadows.get(record["prediction_id"], {})
        scored = {name: shadow.get(name) for name in ("shadow_version", "shadow_probability")}
        rows.append(_with_instants(record | scored))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _with_instants(record: dict[str, Any]) -> dict[str, Any]:
    """ISO texts as instants again, and the map of ages as the pairs that Arrow asks for."""
    for fields, types in ((record, SCHEMA), (record["stored"], SCHEMA.field("stored").type)):
        for field in types:
            if field.type == INSTANT and fields.get(field.name) is not None:
                fields[field.name] = datetime.fromisoformat(fields[field.name])
    record["feature_ages_seconds"] = list(record["feature_ages_seconds"].items())
    return record
