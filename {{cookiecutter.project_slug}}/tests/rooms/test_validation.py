"""The rules over the whole data and over planted faults: what is refused, what stops a day, what only warns."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlsystem import storage
from mlsystem.contract.tables import Table
from mlsystem.domain import PROBLEM
from mlsystem.source.deliver import deliver
from mlsystem.validation import validate as judging
from mlsystem.validation.validate import Misfiled, NotValidated, Report, revalidate, validate
from planted_rows import (
    ANOTHER,
    NO_SUCH_VALUE,
    TOO_MANY_REFUSED,
    Change,
    breaking,
    harmless_warning,
    lone_rules,
    rule_of,
    with_key_of_its_own,
    with_values,
)
from questions import DAY, by_name, rows_between_the_days

NEXT = DAY + timedelta(days=1)
ASKED, LABELLED = PROBLEM.table[PROBLEM.asked_of], PROBLEM.table[PROBLEM.label.table]
a_day_can_be_stopped = pytest.mark.skipif(TOO_MANY_REFUSED is None, reason="the domain lets any share of rows go")


class Room:
    """Two delivered days, whose deliveries a test can spoil."""

    def __init__(self, folder: Path) -> None:
        self.source, self.validated = folder / "1_source", folder / "2_validated"
        deliver([DAY, NEXT], self.source)

    def delivered(self, table: Table) -> pa.Table:
        return storage.Partitions(self.source / table.name).read([DAY])

    def spoil(self, table: Table, change: Change) -> None:
        """Deliver the day again with other rows."""
        storage.Partitions(self.source / table.name).write(DAY, change(self.delivered(table)), "spoilt")

    def spoil_too_many(self) -> None:
        """Deliver the day again with as many refused labels as are 6 % of the day's rows."""
        rule = next(lone_rules(LABELLED))
        rows = sum(self.delivered(table).num_rows for table in PROBLEM.tables)
        bad = breaking(rule, self.delivered(LABELLED).slice(0, 1).to_pylist()[0])[rule.columns[0]]
        self.spoil(LABELLED, with_values(rule.columns[0], dict.fromkeys(range(int(rows * 0.06)), bad)))

    def validate(self) -> Report:
        return validate([NEXT, DAY], self.source, self.validated)  # out of order, as a backfill may ask

    def read(self, table: Table, day: date = DAY) -> pa.Table:
        return storage.Partitions(self.validated / table.name).read([day])

    def contents(self) -> dict[str, str]:
        return {table.name: storage.Partitions(self.validated / table.name).content(DAY) for table in PROBLEM.tables}

    def quarantine(self, table: Table) -> list[tuple]:
        rows = storage.Partitions(self.validated / "quarantine" / table.name).read([DAY]).to_pylist()
        return sorted((row[table.key], row["rule"], row["reason"]) for row in rows)

    def breaches(self, day: date = DAY) -> set[tuple]:
        rows = storage.Partitions(self.validated / "breaches").read([day]).to_pylist()
        return {(row["table"], row["rule"], row["severity"], row["rows"]) for row in rows}


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.mark.parametrize("table", PROBLEM.tables, ids=by_name)
def test_rows_in_are_rows_accepted_and_rows_refused(validated, table: Table):
    folder = validated.settings.validated_dir
    accepted, refused = (storage.Partitions(folder / name).read() for name in (table.name, f"quarantine/{table.name}"))

    assert accepted.num_rows + refused.num_rows == rows_between_the_days(table)


def test_a_clean_day_is_quiet_and_a_second_run_does_nothing(room):
    report = room.validate()

    assert (report.days, report.quarantined, report.stopped) == (2, 0, {})
    assert {severity for *_, severity, _ in room.breaches()} <= {"warning"}
    assert all(room.read(table).equals(room.delivered(table)) for table in PROBLEM.tables)
    assert (room.validated / "docs/gx/uncommitted/data_docs/local_site/index.html").exists()
    assert room.validate() == Report(days=0)


def test_days_are_judged_again_when_that_is_asked_for(room):
    room.validate()
    before = room.contents()

    report = validate([DAY], room.source, room.validated, again=True)

    assert (report.days, report.stopped) == (1, {})
    assert room.contents() == before


@pytest.mark.parametrize("table", {one.name: one for one in (ASKED, LABELLED)}.values(), ids=by_name)
def test_planted_faults_are_quarantined_with_key_rule_and_reason(room, table: Table):
    delivered = room.delivered(table)
    said = delivered.slice(0, 20).to_pylist()
    planted = [(rule, with_key_of_its_own(table, said[n], n)) for n, rule in enumerate(lone_rules(table))]
    bad = [row | breaking(rule, row) for rule, row in planted]
    doubled = [rule for rule in table.rules if (rule.kind, rule.severity) == ("unique", "critical")][:1]
    # Which of two rows with one key is right, the rule cannot say.
    twice = [(rule, with_key_of_its_own(table, said[-1], len(planted))) for rule in doubled] * 2
    added = pa.Table.from_pylist([*bad, *(row for _, row in twice)], schema=delivered.schema)
    room.spoil(table, lambda rows: pa.concat_tables([rows, added]))

    report = room.validate()

    expected = [(row[table.key], rule.name, rule.reason) for rule, row in (*planted, *twice)]
    assert len(planted) > 1
    assert report.stopped == {}
    assert room.quarantine(table) == sorted(expected)
    assert report.quarantined == len(expected)
    assert room.read(table).equals(delivered)


def test_a_warning_is_recorded_and_lets_the_row_pass(room):
    if (found := harmless_warning()) is None:
        pytest.skip("no rule of the domain only warns of a value")
    table, rule = found
    room.validate()
    before = {rows for _, name, _, rows in room.breaches() if name == rule.name}

    room.spoil(table, with_values(rule.columns[0], {1: rule.arguments["max_value"] + 1}))
    report = room.validate()

    assert (report.quarantined, report.stopped) == (0, {})
    assert room.read(table).equals(room.delivered(table))
    assert (table.name, rule.name, "warning", max(before, default=0) + 1) in room.breaches()


@a_day_can_be_stopped
def test_a_day_with_six_percent_bad_rows_is_stopped_and_keeps_what_was_published(room):
    room.validate()
    before = room.contents()

    room.spoil_too_many()
    report = room.validate()

    assert report.stopped == {DAY: TOO_MANY_REFUSED.reason}
    assert room.contents() == before
    assert ("days", TOO_MANY_REFUSED.name, "critical", 1) in room.breaches()
    with pytest.raises(NotValidated, match=f"{DAY} was not validated from its present delivery"):
        revalidate([DAY], room.source, room.validated)


@a_day_can_be_stopped
def test_a_day_that_is_stopped_is_not_published_and_the_next_day_is(room):
    room.spoil_too_many()

    report = room.validate()

    assert set(report.stopped) == {DAY}
    assert not storage.Partitions(room.validated / ASKED.name).path(DAY).exists()
    assert room.read(ASKED, NEXT).num_rows > 0


def test_mended_rows_are_released_and_the_others_stay(room):
    table, rule = rule_of("in_set")
    (column,) = rule.columns
    rows = room.delivered(table)
    first = rows.to_pylist()[0]
    values = enumerate((ANOTHER, NO_SUCH_VALUE))
    bad = [with_key_of_its_own(table, first, n) | {column: value} for n, value in values]
    room.spoil(table, lambda found: pa.concat_tables([found, pa.Table.from_pylist(bad, schema=rows.schema)]))
    room.validate()
    before = room.read(table).num_rows

    def fix(name: str, rows: pa.Table) -> pa.Table:
        if name != table.name:
            return rows
        known = pc.if_else(pc.equal(rows[column], ANOTHER), rule.arguments["value_set"][0], rows[column])
        return rows.set_column(rows.schema.get_field_index(column), column, known)

    revalidate([DAY], room.source, room.validated, fix)

    assert room.read(table).num_rows == before + 1
    ((_, name, _),) = room.quarantine(table)
    assert name == rule.name
    assert room.validate() == Report(days=0), "what was mended is not judged from the delivery again"


def test_rows_of_another_day_are_refused_with_their_file(room):
    room.spoil(ASKED, with_values("service_date", {0: NEXT}))

    with pytest.raises(Misfiled, match=f"{ASKED.name}: the delivery of {DAY} holds rows of another day"):
        room.validate()


def test_a_run_that_ends_before_its_findings_are_recorded_is_not_taken_for_done(room, monkeypatch):
    table, rule = rule_of("in_set")
    room.spoil(table, with_values(rule.columns[0], {0: NO_SUCH_VALUE}))
    with monkeypatch.context() as broken:
        broken.setattr(judging, "_record", None)
        with pytest.raises(TypeError):
            room.validate()

    assert room.validate().days == 2
    assert (table.name, rule.name, "critical", 1) in room.breaches()
