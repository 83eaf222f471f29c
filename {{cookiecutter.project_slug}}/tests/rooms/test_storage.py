"""Partitions: a reader sees all of a day or nothing of it, and a damaged one is named in a sentence."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from mlsystem import storage

DAY, NEXT = date(2020, 5, 1), date(2020, 5, 2)


def rows(*values: int) -> pa.Table:
    return pa.table({"value": pa.array(values, pa.int64())})


@pytest.fixture
def partitions(tmp_path: Path) -> storage.Partitions:
    return storage.Partitions(tmp_path / "things")


def test_what_was_written_is_read_in_day_order_with_its_fingerprint(partitions):
    partitions.write(NEXT, rows(3), "of next")
    partitions.write(DAY, rows(1, 2), "of day")

    assert partitions.days() == [DAY, NEXT]
    assert partitions.read() == rows(1, 2, 3)
    assert partitions.read([NEXT, date(2020, 5, 3)]) == rows(3)
    assert partitions.fingerprint(DAY) == "of day"
    assert partitions.fingerprint(date(2020, 5, 3)) is None
    assert partitions.read().schema.metadata is None


def test_a_write_that_fails_keeps_the_old_rows_and_leaves_nothing_aside(partitions, monkeypatch):
    partitions.write(DAY, rows(1), "old")

    def full(self: Path, target: Path) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        partitions.write(DAY, rows(2), "new")

    assert partitions.read([DAY]) == rows(1)
    assert [path.name for path in partitions.root.iterdir()] == ["2020-05-01.parquet"]


def test_the_same_rows_give_the_same_bytes(partitions, tmp_path):
    partitions.write(DAY, rows(1, 2), "same")
    other = storage.Partitions(tmp_path / "other")
    other.write(DAY, rows(1, 2), "same")

    assert other.content(DAY) == partitions.content(DAY)
    other.write(DAY, rows(1, 2), "made from something else")
    assert other.content(DAY) != partitions.content(DAY)


@pytest.mark.parametrize("damage", [lambda whole: whole[:-20], lambda whole: whole[:3], lambda whole: b""])
def test_a_truncated_partition_is_named_with_the_next_step(partitions, damage):
    partitions.write(DAY, rows(*range(1000)), "whole")
    partitions.path(DAY).write_bytes(damage(partitions.path(DAY).read_bytes()))

    for look in (lambda: partitions.read([DAY]), lambda: partitions.fingerprint(DAY)):
        with pytest.raises(storage.CorruptPartition, match=r"2020-05-01.parquet is not whole .* run `make ingest`"):
            look()


def test_one_flipped_bit_among_the_values_is_noticed(partitions):
    partitions.write(DAY, rows(*range(1000)), "whole")
    content = bytearray(partitions.path(DAY).read_bytes())
    content[200] ^= 1
    partitions.path(DAY).write_bytes(content)

    with pytest.raises(storage.CorruptPartition):
        partitions.read([DAY])


def test_nothing_there_says_what_to_run(partitions):
    with pytest.raises(FileNotFoundError, match=r"no partition of things .* run `make ingest` first"):
        partitions.read()


def test_a_split_gives_every_asked_day_its_rows_and_an_empty_part_where_there_are_none():
    days = [DAY, date(2020, 5, 3), NEXT]
    table = pa.table({"day": pa.array([DAY, DAY, date(2020, 5, 3)], pa.date32()), "value": [1, 2, 3]})

    parts = storage.split_by_day(table, "day", days)

    assert {day: part.column("value").to_pylist() for day, part in parts.items()} == {
        DAY: [1, 2],
        NEXT: [],
        date(2020, 5, 3): [3],
    }


def test_a_digest_tells_parts_apart_and_nothing_from_an_empty_text():
    assert storage.digest("ab", "c") != storage.digest("a", "bc")
    assert storage.digest("a", b"b") == storage.digest("a", "b")
    assert storage.digest() != storage.digest("")


def test_a_text_is_replaced_in_one_step(tmp_path):
    page = tmp_path / "new folder/page.txt"

    storage.write_text(page, "first")
    storage.write_text(page, "second")

    assert page.read_text() == "second"
    assert list(page.parent.iterdir()) == [page]
