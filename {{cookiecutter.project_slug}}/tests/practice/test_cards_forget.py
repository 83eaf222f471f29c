"""What is kept of a key's value is found in every store where it is planted, and nowhere else."""

import json
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs.cards import forget, traces
from mlsystem.settings import Settings

KEY, VALUE, OTHER = PROBLEM.keys[0], "the one", "another one"
CODED = next((name, value) for name, codes in PROBLEM.codes.items() for value in list(codes)[-1:])


def parquet(path: Path, **columns: list) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def sqlite(path: Path, table: str, column: str, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE {table} ({column})")
        connection.execute(f"INSERT INTO {table} VALUES (?)", (value,))


def entity_key(value: str) -> bytes:
    return b"\2\0\0\0\1\0\0\0kind" + struct.pack("<II", 2, len(value)) + value.encode()


PLANTED: dict[str, Callable[[Settings, str], None]] = {
    "source": lambda s, value: parquet(s.source_dir / "table/2031-01-01.parquet", other=[1], name=[value]),
    "validated tables": lambda s, value: parquet(
        s.validated_dir / "quarantine/table/2031-01-01.parquet", name=[value], reason=["wrong"]
    ),
    "features": lambda s, value: parquet(s.features_dir / "view/2031-01-01.parquet", name=[value], feature=[1.0]),
    "training sets": lambda s, value: parquet(s.training_sets_dir / "set.parquet", name=[value], question_id=["q"]),
    "online store": lambda s, value: sqlite(s.online_dir / "online.db", "view", "entity_key", entity_key(value)),
    "event log": lambda s, value: sqlite(
        s.stream_dir / "events.db", "dead_letters", "payload", json.dumps({"name": value})
    ),
    "prediction log": lambda s, value: (
        s.predictions_dir.mkdir(parents=True),
        (s.predictions_dir / "log.jsonl").write_text(json.dumps({"said": {"name": value}}) + "\n"),
    )[0],
}


def test_every_store_has_a_look_and_a_plant():
    assert set(PLANTED) == set(traces.STORES)


@pytest.mark.parametrize("store", PLANTED)
def test_a_trace_is_found_in_its_store_and_another_value_is_none(own_settings: Settings, tmp_path: Path, store: str):
    PLANTED[store](own_settings, VALUE)
    others = own_settings.model_copy(update={"data_dir": tmp_path / "others"})
    PLANTED[store](others, OTHER)

    found = {name: look(own_settings, KEY, VALUE) for name, look in traces.STORES.items()}

    assert [name for name, said in found.items() if said] == [store]
    assert traces.STORES[store](others, KEY, VALUE) == ""


def test_a_category_is_found_in_the_training_set_by_its_code(own_settings: Settings):
    key, value = CODED
    code = PROBLEM.codes[key][value]
    parquet(own_settings.training_sets_dir / "set.parquet", **{key: [code, code - 1]})

    assert traces.in_training_sets(own_settings, key, value) == "1 rows of set.parquet have its code"
    assert traces.in_training_sets(own_settings, key, next(iter(PROBLEM.codes[key]))) in (
        "",
        "1 rows of set.parquet have its code",
    )


def test_a_fact_whose_question_is_gone_is_counted(own_settings: Settings):
    day = f"{PROBLEM.first_day}.parquet"
    parquet(own_settings.validated_dir / PROBLEM.asked_of / day, **{PROBLEM.id_column: ["a", "b"]})
    label = own_settings.validated_dir / PROBLEM.label.table / day
    parquet(label, **{PROBLEM.id_column: ["a", "b"]})
    whole = traces.orphans(own_settings)

    parquet(label, **{PROBLEM.id_column: ["a", "gone"]})
    found = traces.orphans(own_settings)

    assert set(whole.values()) == {0}
    assert found[PROBLEM.label.table] == 1


def test_a_project_without_data_has_not_forgotten_one_but_all(own_settings: Settings):
    assert not forget.others(own_settings, {}).is_met


@pytest.mark.slow
def test_what_is_drawn_is_found_in_the_built_system_and_the_others_are_there(system):  # type: ignore[no-untyped-def]
    terms = forget.deal(system.settings, 1)

    for store in ("source", "validated tables"):
        assert traces.STORES[store](system.settings, terms["key"], terms["value"])
    assert forget.others(system.settings, terms).is_met
    assert terms == forget.deal(system.settings, 1)
