"""Deliveries: each table's rows by their day, without outcomes, written once, and again when lost or changed."""

from collections import Counter
from datetime import timedelta

import pyarrow.compute as pc
import pytest

from mlsystem import storage
from mlsystem.contract.problem import Problem
from mlsystem.domain import PROBLEM
from mlsystem.source.deliver import DayOutside, deliver, read_year
from questions import DAY, by_name, clock_changes, reach_of_source

NEXT = DAY + timedelta(days=1)
LONG_DAY = (clock_changes() or [DAY])[-1]  # of 25 hours, if the domain's clock is put back


@pytest.mark.parametrize("table", PROBLEM.tables, ids=by_name)
def test_the_declared_key_identifies_a_row(table):
    keys = read_year()[table.name].column(table.key)

    assert keys.null_count == 0
    assert len(keys.unique()) == len(keys) > 0


@pytest.mark.parametrize("table", PROBLEM.tables, ids=by_name)
def test_a_delivered_table_holds_no_outcome(table):
    names = read_year()[table.name].column_names

    assert not {*table.outcomes} & {*names}
    if table.name == PROBLEM.asked_of != PROBLEM.label.table:
        assert PROBLEM.label.column not in names


def test_a_second_delivery_writes_nothing_and_a_lost_or_foreign_file_is_delivered_again(tmp_path):
    days, table = [DAY, NEXT], PROBLEM.tables[-1]

    assert deliver(days, tmp_path) == 2
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert deliver(days, tmp_path) == 0

    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before
    partitions = storage.Partitions(tmp_path / table.name)
    content = partitions.content(DAY)
    partitions.path(DAY).unlink()
    partitions.write(NEXT, partitions.read([NEXT]), "of another source")
    assert deliver(days, tmp_path) == 2
    assert partitions.content(DAY) == content


def test_a_changed_transformation_is_noticed(tmp_path, monkeypatch):
    deliver([DAY], tmp_path)
    honest = Problem.sql_text

    monkeypatch.setattr(Problem, "sql_text", lambda problem, name: f"{honest(problem, name)} -- changed")

    assert deliver([DAY], tmp_path) == 1


def test_delivered_partitions_hold_their_own_day_and_all_of_it(tmp_path):
    deliver([LONG_DAY], tmp_path)

    for table in PROBLEM.tables:
        rows = storage.Partitions(tmp_path / table.name).read()
        year = read_year()[table.name]
        assert Counter(rows["service_date"].to_pylist()) == Counter({LONG_DAY: rows.num_rows} if rows.num_rows else {})
        assert rows.num_rows == pc.sum(pc.equal(year["service_date"], LONG_DAY)).as_py()


def test_a_day_that_the_source_does_not_reach_to_is_refused(tmp_path):
    first, last = reach_of_source()
    beyond = last + timedelta(days=1)

    with pytest.raises(DayOutside, match=f"the source has no {beyond}: its days go from {first} to {last}"):
        deliver([beyond], tmp_path)

    assert first <= PROBLEM.first_day <= PROBLEM.last_day <= last
