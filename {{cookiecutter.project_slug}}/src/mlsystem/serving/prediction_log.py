"""The prediction log: every answer with all that it was made from, as JSON lines that are only ever appended.

Whole lines, one write each, by one process per file: a killed worker leaves at most one torn line, its last, and the
reader skips it. The lines survive the process, not a power cut: no fsync, which would cost more than the prediction.
"""

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from mlsystem.domain.features import STORED_FEATURES
from mlsystem.domain.request import MODEL_COLUMNS

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
    }
)


class PredictionLog:
    """One process's file of the day: `<dir>/<YYYY-MM-DD>.<process>-<serial>.jsonl`, the day in UTC."""

    def __init__(self, predictions_dir: Path) -> None:
        self._dir = predictions_dir
        self._process = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"  # a process id alone is used again one day
        self._serial = 0
        self._open: tuple[date, int] | None = None  # the day and its file descriptor
        self.is_writable = True

    def append(self, records: Sequence[dict[str, Any]]) -> None:
        """Write the records, one line each. Raises OSError if not all of it could be written."""
        lines = "".join(json.dumps(record, default=_as_text, allow_nan=False) + "\n" for record in records).encode()
        try:
            written = os.write(self._descriptor(datetime.now(UTC).date()), lines)
            if written < len(lines):
                raise OSError(f"only {written:,} of {len(lines):,} bytes fitted into {self._dir}; free some disk space")
        except OSError:
            self.is_writable = False
            self.close()  # the next line must not be glued to half a line
            raise
        self.is_writable = True

    def _descriptor(self, day: date) -> int:
        if self._open is None or self._open[0] != day or os.fstat(self._open[1]).st_nlink == 0:
            self.close()
            self._dir.mkdir(parents=True, exist_ok=True)
            path = self._dir / f"{day}.{self._process}-{self._serial}.jsonl"
            self._serial += 1
            self._open = (day, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644))
        return self._open[1]

    def check(self) -> None:
        """Whether a record could be written now. Raises OSError if not."""
        if not self.is_writable:
            probe = self._dir / f".{self._process}.probe"
            try:
                probe.write_bytes(b" " * 65_536)
            finally:
                probe.unlink(missing_ok=True)
            self.is_writable = True
        self._descriptor(datetime.now(UTC).date())

    def close(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a prediction record holds {type(value).__name__}, which JSON does not")


def records(predictions_dir: Path, day: date | None = None) -> Iterator[dict[str, Any]]:
    """Every whole record of the day, or of all days, file by file; a torn last line is skipped."""
    for path in sorted(predictions_dir.glob(f"{day or '*'}.*.jsonl")):
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    yield json.loads(line)


def read(predictions_dir: Path, day: date | None = None) -> pa.Table:
    """The same as a table of SCHEMA; `read(...).flatten()` spreads the structs of stored features and inputs."""
    rows = [_with_instants(record) for record in records(predictions_dir, day)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _with_instants(record: dict[str, Any]) -> dict[str, Any]:
    """ISO texts as instants again, and the map of ages as the pairs that Arrow asks for."""
    for fields, types in ((record, SCHEMA), (record["stored"], SCHEMA.field("stored").type)):
        for field in types:
            if field.type == INSTANT and fields.get(field.name) is not None:
                fields[field.name] = datetime.fromisoformat(fields[field.name])
    record["feature_ages_seconds"] = list(record["feature_ages_seconds"].items())
    return record
