"""The prediction log: every answer with all that it was made from, as JSON lines that are only ever appended."""

import io
import json
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError

if TYPE_CHECKING:  # what reads the log needs neither Feast nor a model
    from mlsystem.feature_store.online import Stored
    from mlsystem.model_registry.champion import Champion
    from mlsystem.serving.schema import Answer

INSTANT = pa.timestamp("us", "UTC")
STORED_TYPES = {"number": pa.float64(), "count": pa.int64(), "instant": INSTANT}
SAID_TYPES = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "instant": INSTANT}
SCHEMA = pa.schema(
    {
        "prediction_id": pa.string(),
        "logged_at": INSTANT,
        "as_of": INSTANT,
        "question_id": pa.string(),
        "service_date": pa.date32(),
        "due_at": INSTANT,
        "said": pa.struct([(field.name, SAID_TYPES[field.type]) for field in PROBLEM.fields]),
        "stored": pa.struct([(feature.name, STORED_TYPES[feature.type]) for feature in PROBLEM.stored_features]),
        "model_row": pa.struct([(name, pa.float64()) for name in PROBLEM.model_columns]),
        "feature_ages_seconds": pa.struct([(view.name, pa.float64()) for view in PROBLEM.views]),
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
SHADOW = pa.schema(
    {
        "prediction_id": pa.string(),
        "logged_at": INSTANT,
        "shadow_version": pa.string(),
        "shadow_probability": pa.float64(),
    }
)
LOGGED = pa.schema([field for field in SCHEMA if not field.name.startswith("shadow_")])
LARGE_BLOCKS = pyarrow.json.ReadOptions(block_size=8 << 20)  # a line must fit into one
SHADOW_FOLDER = "shadow"  # beside the predictions: the challenger's scores of them, written up to seconds later


def record(
    champion: "Champion",
    logged_at: datetime,
    question: Question,
    stored: "Stored",
    row: list[float],
    answer: "Answer",
) -> dict[str, Any]:
    """One answer and all that it was made from. Stored values are logged as they were read, to the last digit."""
    known = {name: None if math.isnan(value) else value for name, value in zip(champion.columns, row, strict=True)}
    return {
        "prediction_id": answer.prediction_id,
        "logged_at": logged_at,
        "as_of": question.as_of,
        "question_id": answer.question_id,
        "service_date": question.service_date,
        "due_at": question.due_at,
        "said": {field.name: getattr(question, field.name) for field in PROBLEM.fields},
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


class UnreadableLog(UserError):
    """A file of the log that this version did not write."""


def check_some(predictions_dir: Path) -> None:
    """Raises NothingLogged, with what to do, if no prediction is logged."""
    if next(records(predictions_dir), None) is None:
        raise NothingLogged(f"no prediction is logged in {predictions_dir}; run `make replay` first")


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """Every whole record, file by file; a torn last line is skipped. Raises UnreadableLog."""
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    yield _parsed_line(path, line)


def _parsed_line(path: Path, line: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except (ValueError, TypeError) as problem:
        raise UnreadableLog(f"{path} has a line that is no prediction ({problem}); move the file away") from problem


def read(predictions_dir: Path, read_until: dict[Path, int] | None = None) -> pa.Table:
    """A table of SCHEMA, the challenger's scores with it; `read(...).flatten()` spreads the structs.

    With `read_until`, which it changes, only what was written since the last call with it. Raises UnreadableLog.
    """
    logged = _parsed(predictions_dir, LOGGED, {} if read_until is None else read_until)
    shadows = _parsed(predictions_dir / SHADOW_FOLDER, SHADOW, {})
    scored = pc.index_in(logged["prediction_id"], shadows["prediction_id"].combine_chunks())
    for name in ("shadow_version", "shadow_probability"):
        logged = logged.append_column(SCHEMA.field(name), shadows[name].take(scored))
    return logged


def _parsed(folder: Path, schema: pa.Schema, read_until: dict[Path, int]) -> pa.Table:
    """The whole lines of all files from where the last reading ended: 300 MB a second, ten times json's own."""
    written = pa.schema([(field.name, _as_written(field.type)) for field in schema])
    options = pyarrow.json.ParseOptions(explicit_schema=written, unexpected_field_behavior="error")
    tables = [schema.empty_table()]
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            file.seek(read_until.get(path, 0))
            lines, _, torn = file.read().rpartition(b"\n")
            read_until[path] = file.tell() - len(torn)
        if lines:
            try:
                found = pyarrow.json.read_json(io.BytesIO(lines), LARGE_BLOCKS, options)
                tables.append(found.select(schema.names).cast(schema))
            except pa.ArrowInvalid as problem:
                raise UnreadableLog(
                    f"{path} has a line that is no prediction ({problem}); move the file away"
                ) from problem
    return pa.concat_tables(tables)


def _as_written(kind: pa.DataType) -> pa.DataType:
    """Instants and dates are ISO texts in JSON, and a whole number may be written as 1.0."""
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _as_written(field.type)) for field in kind])
    return {INSTANT: pa.string(), pa.date32(): pa.string(), pa.int64(): pa.float64()}.get(kind, kind)
