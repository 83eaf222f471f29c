"""What the consumer refuses is kept with its reason, changes nothing, and counts once it was mended."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from mlsystem.contract.tables import Rule
from mlsystem.domain import PROBLEM
from mlsystem.flows.consume import print_dead_letters
from mlsystem.streaming import event_validation
from mlsystem.streaming.dead_letters import DeadLetters
from mlsystem.streaming.event_log import microseconds
from stream_probe import CLOCKS, Delivery, Stream

FACTS = PROBLEM.facts[0].table
REFUSES_ALL = Rule("in_set", (PROBLEM.table[FACTS].key,), "critical", "a rule that is wrong", {"value_set": []})
BAD = (  # a table, when it says that it became known, a payload
    (FACTS, CLOCKS[2], "{"),
    (FACTS, CLOCKS[2], None),
    (FACTS, CLOCKS[2], '{"event_id": "x"}'),
    ("nobody", CLOCKS[2], "{}"),
    (FACTS, datetime(9999, 12, 31, 23, tzinfo=UTC), "{}"),
    (None, datetime(2031, 1, 1, tzinfo=UTC), None),
    (None, CLOCKS[2] + timedelta(days=20), None),
    (None, None, None),  # beyond what a datetime holds
)


def plant(stream: Stream) -> None:
    """What another program could write into the log, past every function of ours."""
    with closing(sqlite3.connect(stream.log.path)) as connection, connection:
        for table, moment, payload in BAD:
            known = 2**62 if moment is None else microseconds(moment)
            insert = "INSERT INTO events (table_name, known_at, payload) VALUES (?, ?, ?)"
            connection.execute(insert, (table, known, payload))


def test_a_bad_record_is_a_dead_letter_with_its_reason_and_nothing_else_is_lost(make_stream, deliveries, expected_rows):
    stream = make_stream()
    stream.play(deliveries[:3])
    plant(stream)
    stream.play(deliveries[3:5])
    with closing(stream.consumer()):  # another life, which reads the log again
        pass

    assert stream.play(deliveries[5:]) == expected_rows

    assert stream.metrics.events("dead") == len(BAD)
    assert stream.metrics.events("too_late") == 0
    with closing(DeadLetters(stream.log.path)) as letters:
        reasons = [letter.reason for letter in letters.open()]
    assert len(reasons) == len(BAD)
    for reason, part in zip(
        reasons,
        ("not JSON", "not one line", "columns", "no such table", "to come", "to come", "days ahead", "to come"),
        strict=True,
    ):
        assert part in reason


def test_an_event_that_breaks_a_critical_rule_does_not_count_and_counts_when_it_was_mended(
    make_stream, deliveries, expected_rows, monkeypatch
):
    stream = make_stream()
    monkeypatch.setitem(event_validation.RULES, FACTS, [*event_validation.RULES[FACTS], REFUSES_ALL])
    played = stream.play(deliveries)
    refused = stream.metrics.events("dead")
    assert played != expected_rows
    assert refused == sum(name == FACTS for one in deliveries for name, _ in one.rows)

    monkeypatch.undo()
    print_dead_letters(stream.settings, replay=True)
    patient = Stream(stream.settings.model_copy(update={"lateness_minutes": 24 * 60}))
    left = patient.play([Delivery(CLOCKS[-1] + timedelta(microseconds=1))])

    assert patient.metrics.events("late") == refused
    assert left == expected_rows
    with closing(DeadLetters(stream.log.path)) as letters:
        assert letters.count() == 0


def test_two_versions_that_claim_one_moment_the_first_counts(make_stream, deliveries, expected_rows):
    stream = make_stream()
    name, row = next(one for one in deliveries[0].rows if one[0] == FACTS)
    number = PROBLEM.facts[0].number
    said = row.to_pylist()[0]
    other = pa.Table.from_pylist([said | {number: said[number] + 1}], schema=row.schema)
    arriving = [Delivery(deliveries[0].clock, [*deliveries[0].rows, (name, other)]), *deliveries[1:]]

    assert stream.play(arriving) == expected_rows
    assert stream.metrics.events("dead") == 1
