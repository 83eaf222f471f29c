"""Where something of a key's value is kept: a look into each store gives a sentence, empty if nothing is found."""

import json
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.settings import Settings

STRING_TYPE = 2  # Feast's number of it, in the keys of its online store


def in_source(settings: Settings, key: str, value: str) -> str:
    return _in_files(settings.source_dir, value)


def in_validated(settings: Settings, key: str, value: str) -> str:
    return _in_files(settings.validated_dir, value)


def in_features(settings: Settings, key: str, value: str) -> str:
    return _in_files(settings.features_dir, value)


def in_training_sets(settings: Settings, key: str, value: str) -> str:
    """A category is a code there; any other key is in the question's id at most, which the orphans show."""
    found = [_in_files(settings.training_sets_dir, value)]
    code = PROBLEM.codes.get(key, {}).get(value)
    for path in sorted(settings.training_sets_dir.glob("*.parquet")) if code is not None else ():
        rows = pc.sum(pc.equal(pq.read_table(path, columns=[key])[key], code)).as_py() or 0
        found += [f"{rows:,} rows of {path.name} have its code"] if rows else []
    return "; ".join(filter(None, found))


def in_online_store(settings: Settings, key: str, value: str) -> str:
    """Feast writes a key's value behind its type and its length."""
    content = value.encode()
    needle = struct.pack("<II", STRING_TYPE, len(content)) + content
    found = [
        f"{count:,} values of {table}"
        for table, query in _tables(settings.online_dir / "online.db", "entity_key")
        if (count := query(f'SELECT COUNT(*) FROM "{table}" WHERE INSTR(entity_key, ?) > 0', needle))
    ]
    return ", ".join(found)


def in_event_log(settings: Settings, key: str, value: str) -> str:
    """Payloads are JSON, with a text between quotes."""
    found = [
        f"{count:,} records of {table}"
        for table, query in _tables(settings.stream_dir / "events.db", "payload")
        if (count := query(f'SELECT COUNT(*) FROM "{table}" WHERE INSTR(payload, ?) > 0', json.dumps(value)))
    ]
    return ", ".join(found)


def in_prediction_log(settings: Settings, key: str, value: str) -> str:
    count = sum(json.dumps(value) in line for line in _lines(settings.predictions_dir))
    return f"{count:,} lines" if count else ""


STORES: dict[str, Callable[[Settings, str, str], str]] = {
    "source": in_source,
    "validated tables": in_validated,
    "features": in_features,
    "training sets": in_training_sets,
    "online store": in_online_store,
    "event log": in_event_log,
    "prediction log": in_prediction_log,
}


def orphans(settings: Settings) -> dict[str, int]:
    """By store: how many facts name a question that is not among the validated ones."""
    asked = storage.Partitions(settings.validated_dir / PROBLEM.asked_of).read([*_days(settings)])
    known = asked[PROBLEM.id_column].combine_chunks()
    found = {}
    for table in PROBLEM.tables:
        rows = storage.Partitions(settings.validated_dir / table.name)
        if rows.days() and PROBLEM.id_column in pq.read_schema(rows.path(rows.days()[0])).names:
            found[table.name] = _unknown(rows.read()[PROBLEM.id_column], known)
    for path in settings.training_sets_dir.glob("*.parquet"):
        found["the training set"] = _unknown(pq.read_table(path, columns=["question_id"])["question_id"], known)
    logged = [json.loads(line).get("question_id") for line in _lines(settings.predictions_dir)]
    found["the prediction log"] = _unknown(pa.chunked_array([pa.array(logged, pa.string())]), known)
    return found


def _days(settings: Settings) -> Iterator:
    yield from storage.Partitions(settings.validated_dir / PROBLEM.asked_of).days()


def _unknown(ids: pa.ChunkedArray, known: pa.Array) -> int:
    return int(pc.sum(pc.invert(pc.is_in(ids, known))).as_py() or 0)


def _in_files(folder: Path, value: str) -> str:
    """In any column of text of any Parquet file below the folder."""
    rows: dict[str, int] = {}
    for path in sorted(folder.rglob("*.parquet")):
        texts = [f.name for f in pq.read_schema(path) if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        table = pq.read_table(path, columns=texts)
        count = sum(int(pc.sum(pc.equal(column, value)).as_py() or 0) for column in table.columns)
        if count:
            rows[path.parent.name] = rows.get(path.parent.name, 0) + count
    return ", ".join(f"{count:,} cells of {name}" for name, count in rows.items())


def _tables(path: Path, column: str) -> Iterator[tuple[str, Callable[..., int]]]:
    """Each table of an SQLite file that has the column, and a query of one number."""
    if not path.exists():
        return
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if column in {row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')}:
                yield name, lambda query, *arguments: int(connection.execute(query, arguments).fetchone()[0])


def _lines(predictions_dir: Path) -> Iterator[str]:
    for path in sorted(predictions_dir.glob("*.jsonl")):
        yield from path.read_text(encoding="utf-8").splitlines()
