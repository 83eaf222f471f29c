"""One declaration, two translations: the stream refuses the events whose rows go to quarantine in the batch."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlsystem import storage
from mlsystem.contract.tables import Table
from mlsystem.domain import PROBLEM
from mlsystem.streaming.event_log import EventLog
from mlsystem.streaming.event_validation import RULES, EventContract, Refused
from mlsystem.validation.expectations import find_breaches, open_context
from questions import DAY, by_name

ROWS = 40
MALFORMED = ("abc", "ABCDEFGHIJ", "?", "", None)


@pytest.fixture(scope="module")
def samples(validated) -> dict[str, pa.Table]:  # type: ignore[no-untyped-def]
    folder = validated.settings.validated_dir
    return {table.name: storage.Partitions(folder / table.name).read([DAY]).slice(0, ROWS) for table in PROBLEM.tables}


@pytest.fixture(scope="module")
def log(samples: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventLog]:
    log = EventLog(tmp_path_factory.mktemp("contract") / "log.db")
    log.append(samples)
    yield log
    log.close()


def spoilt(table: Table, good: pa.Table) -> pa.Table:
    """The rows, and after them one for each way to be wrong that a rule speaks of, and just not to be."""
    rows, made = good.to_pylist(), []
    for rule in table.rules:
        column = rule.columns[0]
        match rule.kind:
            case "not_null":
                made.append({column: None})
            case "in_set":
                made += [{column: "??"}, {column: None}, {column: rule.arguments["value_set"][-1]}]
            case "matches":
                made += [{column: value} for value in (*MALFORMED, f"{rows[0][column]}\n")]
            case "between":
                low, high = rule.arguments["min_value"], rule.arguments["max_value"]
                made += [{column: value} for value in (low, high, low - 1, high + 1, None)]
            case "not_before":
                earlier = rows[0][rule.columns[1]]
                made += [{column: earlier + timedelta(microseconds=n)} for n in (-1, 0, 1)] + [{rule.columns[1]: None}]
    integers = {f.name for f in good.schema if pa.types.is_integer(f.type)}
    bad = [rows[n % len(rows)] | change for n, change in enumerate(made)]
    for number, row in enumerate(bad):
        if table.key in row and row[table.key] is not None and table.key not in made[number]:
            row[table.key] = f"{row[table.key]}-{number}"  # one of its own: what is doubled is another rule's affair
        row |= {name: int(row[name]) for name in integers if row[name] is not None}
    return pa.Table.from_pylist(rows + bad, schema=good.schema)


@pytest.mark.parametrize("table", PROBLEM.tables, ids=by_name)
def test_the_stream_refuses_the_rows_that_the_batch_refuses_and_by_the_same_rule(
    table: Table, samples: dict[str, pa.Table], log: EventLog, tmp_path: Path
):
    rows = spoilt(table, samples[table.name])
    breaches = find_breaches(open_context(tmp_path), table, rows.to_pandas())
    by_row: dict[int, set[str]] = {}
    for breach in breaches:
        if breach.rule.severity == "critical" and breach.rule.kind != "unique":
            for row in breach.rows:
                by_row.setdefault(row, set()).add(breach.rule.name)

    contract, refused = EventContract(log.schema), {}
    for number, (payload, moment) in enumerate(zip(payloads(rows), rows["known_at"].to_pylist(), strict=True)):
        try:
            contract.keys(table.name, moment, payload)
        except Refused as why:
            refused[number] = str(why).partition(": ")[0]

    assert sorted(refused) == sorted(map(int, by_row))
    assert all(rule in by_row[row] for row, rule in refused.items())
    assert bool(by_row) == any(rule.kind != "unique" for rule in RULES[table.name])


def test_what_two_events_may_not_share_is_what_the_batch_wants_to_be_unique(
    samples: dict[str, pa.Table], log: EventLog
):
    contract = EventContract(log.schema)
    for table in PROBLEM.tables:
        rows = samples[table.name].slice(0, 1)
        (moment,), (payload,) = rows["known_at"].to_pylist(), payloads(rows)

        keys = contract.keys(table.name, moment, payload)

        wanted = {rule.name for rule in table.rules if (rule.kind, rule.severity) == ("unique", "critical")}
        assert {name for name, _ in keys} == wanted


MOMENTS = st.sampled_from(("2020-04-11 17:00:00Z", "2020-04-11 17:00:00", "2020-04-11", "0001-01-01 00:00:00Z"))
JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | MOMENTS | st.lists(st.integers())


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(column=st.integers(0, 99), value=JUNK)
@example(column=0, value=10**400)
@example(column=0, value="\ud800")
def test_what_the_stream_lets_pass_can_always_be_decoded(samples, log, column: int, value: Any):
    """Else it would end the consumer, at each of its starts."""
    for table in PROBLEM.tables:
        rows = samples[table.name].slice(0, 1)
        moment = rows["known_at"].to_pylist()[0]
        said = json.loads(payloads(rows)[0])
        said[list(said)[column % len(said)]] = value
        payload = json.dumps(said)
        try:
            EventContract(log.schema).keys(table.name, moment, payload)
        except Refused:
            continue
        assert log.decode(table.name, [payload]).num_rows == 1


@pytest.mark.parametrize(
    "payload", [None, b"\xff\x00", "", "{", "[]", "7", "NaN", "[" * 9_000, '{"a": 1}', '{"a": 1, "a": 1}', "{}\n{}"]
)
def test_what_is_no_event_is_refused_in_words(log: EventLog, payload: Any):
    with pytest.raises(Refused, match=r"not|columns"):
        EventContract(log.schema).keys(PROBLEM.asked_of, datetime.now().astimezone(), payload)


def payloads(rows: pa.Table) -> list[str]:
    columns = [pc.cast(one, pa.string()) if pa.types.is_temporal(one.type) else one for one in rows.columns]
    return [json.dumps(one) for one in pa.table(columns, names=rows.schema.names).to_pylist()]
