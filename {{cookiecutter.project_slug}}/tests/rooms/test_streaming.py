"""However events arrive, and whenever the consumer is killed, the online store ends as if nothing had happened."""

import itertools
import multiprocessing
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlsystem.domain.tables import Rule
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.flows.consume import consume, tell_dead_letters
from mlsystem.streaming import contract
from mlsystem.streaming.consumer import GROUP, AlreadyConsumed
from mlsystem.streaming.dead_letters import DeadLetters
from mlsystem.streaming.event_log import microseconds
from serving_probe import free_port, metric
from stream_probe import CLOCKS, START, Delivery, Stream, copy_of, disturbed, first_stream, in_time

SEEDS = (1, 2, 3)
KILLS = 20
NO_DEPARTURE = Rule("in_set", ("carrier",), "critical", "a rule that is wrong", {"value_set": []})


@pytest.fixture(scope="module")
def begun(featured, tmp_path_factory: pytest.TempPathFactory) -> Stream:
    stream = first_stream(featured.settings, tmp_path_factory.mktemp("stream") / "data")
    stream.log.close()
    return stream


@pytest.fixture
def fresh(begun: Stream, tmp_path: Path) -> Callable[..., Stream]:
    """Makes streams that begin at START."""
    made: list[Stream] = []

    def make(**own: int) -> Stream:
        made.append(copy_of(begun, tmp_path / f"stream{len(made)}", **own))
        return made[-1]

    return make


@pytest.fixture(scope="module")
def deliveries(begun: Stream) -> list[Delivery]:
    return in_time(begun.settings.validated_dir)


@pytest.fixture(scope="module")
def expected(begun: Stream, deliveries: list[Delivery], tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What an undisturbed run leaves."""
    return copy_of(begun, tmp_path_factory.mktemp("undisturbed") / "data").play(deliveries)


def test_the_undisturbed_run_leaves_what_the_offline_rows_say(begun: Stream, expected: dict, fresh):
    loaded = fresh()
    online = OnlineFeatures(open_store(loaded.settings.features_dir, loaded.settings.online_dir, register=False))

    online.materialise(CLOCKS[-1])

    assert expected == loaded.stored()
    assert expected != begun.stored()


@pytest.mark.parametrize("seed", SEEDS)
def test_shuffles_within_the_bound_and_duplicates_change_nothing(fresh, deliveries, expected, seed: int):
    stream, arriving = fresh(), disturbed(deliveries, Random(seed))

    assert stream.play(arriving) == expected

    delivered = sum(len(delivery.rows) for delivery in arriving)
    facts = sum(len(delivery.rows) for delivery in deliveries)
    assert stream.metrics.events("late") > 15
    assert stream.metrics.events("too_late") == 0
    assert stream.metrics.events("duplicate") == delivered - facts > 15
    assert stream.metrics.events("applied") + stream.metrics.events("late") == facts


def test_a_consumer_that_is_far_behind_computes_ahead_and_ends_the_same(fresh, deliveries, expected):
    stream = fresh()
    for delivery in deliveries:
        stream.append(delivery)

    assert stream.play([]) == expected


def test_facts_beyond_the_bound_are_counted_and_change_nothing_also_after_a_restart(fresh, deliveries, expected):
    stream = fresh()
    held_back = next(row for row in deliveries[0].rows if row[0] == "departures")
    others = [row for row in deliveries[0].rows if row is not held_back]
    arriving = [Delivery(deliveries[0].clock, others), *deliveries[1:]]
    arriving[4] = Delivery(arriving[4].clock, [*arriving[4].rows, held_back])
    without = fresh().play([arriving[0], *deliveries[1:]])

    left = stream.play(arriving[:8])
    with closing(stream.consumer()):  # another life, with the facts that it finds in the log
        pass
    left = stream.play(arriving[8:])

    assert stream.metrics.events("too_late") == 1
    assert left == without != expected


def test_a_late_leg_of_an_aircraft_takes_the_row_of_an_older_one_away(fresh, begun, monkeypatch):
    """The newer leg's departure is late; meanwhile news of the older leg made a row that should not be."""
    first, second = CLOCKS[0], CLOCKS[1]
    rows = next(
        one for one in in_time(begun.settings.validated_dir) if any(n == "departures" for n, _ in one.rows)
    ).rows
    model = next(row for name, row in rows if name == "departures")
    arrival = next(row for name, row in rows if name == "arrivals")

    def changed(row: pa.Table, **values: object) -> pa.Table:
        return pa.Table.from_pylist([row.to_pylist()[0] | {"tail_number": "N0LATE"} | values], schema=row.schema)

    newer = changed(
        model,
        event_id="newer/departed",
        scheduled_departure_at=START,
        departed_at=START + timedelta(minutes=1),
        known_at=START + timedelta(minutes=1),
    )
    older = changed(
        arrival,
        event_id="older/arrived",
        scheduled_departure_at=START - timedelta(hours=5),
        arrived_at=START + timedelta(minutes=3),
        known_at=START + timedelta(minutes=3),
    )
    in_order = [Delivery(first, [("departures", newer), ("arrivals", older)]), Delivery(second)]
    newer_late = [Delivery(first, [("arrivals", older)]), Delivery(second, [("departures", newer)])]

    honest, late = fresh().play(in_order), fresh().play(newer_late)
    push = OnlineFeatures.push
    monkeypatch.setattr(OnlineFeatures, "push", lambda online, view, rows, clock: push(online, view, rows, second))
    with_a_fault = fresh().play(newer_late)  # the planted fault: a newer stored row stands, whatever was late

    assert late == honest != with_a_fault


def test_a_push_that_fails_is_done_again_by_the_next_consumer(fresh, deliveries, expected, monkeypatch):
    """A disk that fills up between two views of a step: half of it is written, and none of it is committed."""
    stream, push = fresh(), OnlineFeatures.push
    stream.append(deliveries[0])

    def failing(online: OnlineFeatures, view, rows, clock) -> int:  # type: ignore[no-untyped-def]
        if view.name != "origin":
            raise OSError("no space left on device")
        return push(online, view, rows, clock)

    monkeypatch.setattr(OnlineFeatures, "push", failing)
    with pytest.raises(OSError, match="no space left"):
        stream.play([])
    monkeypatch.setattr(OnlineFeatures, "push", push)

    assert stream.log.lag(GROUP)[0] > 0
    assert stream.play(deliveries[1:]) == expected


def test_a_log_is_consumed_by_one_process_at_a_time(fresh):
    stream = fresh()

    with closing(stream.consumer()), pytest.raises(AlreadyConsumed, match="a consumer of"):
        stream.consumer()

    with closing(stream.consumer()):
        pass


def test_the_lag_grows_while_the_consumer_stands_still_and_is_gone_when_it_has_caught_up(fresh, deliveries):
    stream = fresh()

    for delivery in deliveries[:3]:
        stream.append(delivery)
    behind = stream.log.lag(GROUP)
    stream.play([])

    assert behind == (sum(len(one.rows) + 1 for one in deliveries[:3]), 900.0)
    assert stream.log.lag(GROUP) == (0, 0.0)


@pytest.mark.slow
def test_a_consumer_killed_anywhere_leaves_the_store_as_an_undisturbed_one(fresh, deliveries, expected, capsys):
    seed = time.time_ns() % 100_000
    with capsys.disabled():
        print(f" [kills: seed {seed}]", end="")
    random, stream = Random(seed), fresh(consumer_port=free_port())
    lives = multiprocessing.get_context("forkserver")
    lives.set_forkserver_preload(["mlsystem.flows.consume"])
    arriving, killed = iter(disturbed(deliveries, random)), 0

    while stream.log.lag(GROUP) != (0, 0.0) or stream.log.committed(GROUP).clock < CLOCKS[-1] or killed < KILLS:
        for delivery in itertools.islice(arriving, random.choice((0, 1, 2))):
            stream.append(delivery)
        life = lives.Process(target=consume, args=(stream.settings,))
        before = stream.log.committed(GROUP)
        life.start()
        if random.random() < 2 / 3:  # in the middle of its work; otherwise while it starts
            deadline = time.monotonic() + 20
            while stream.log.lag(GROUP)[0] and stream.log.committed(GROUP) == before and time.monotonic() < deadline:
                time.sleep(0.005)
        time.sleep(random.uniform(0, 0.5))
        life.kill()
        life.join()
        assert life.exitcode == -signal.SIGKILL
        killed += 1

    assert killed >= KILLS
    assert stream.stored() == expected


@pytest.mark.slow
def test_the_consumers_own_page_tells_its_lag_and_what_it_pushed(fresh, deliveries):
    stream = fresh(consumer_port=free_port())
    life = multiprocessing.get_context("forkserver").Process(target=consume, args=(stream.settings,))
    page = f"http://127.0.0.1:{stream.settings.consumer_port}/metrics"
    for delivery in deliveries[:3]:
        stream.append(delivery)

    life.start()
    try:
        deadline = time.monotonic() + 180
        while stream.log.lag(GROUP) != (0, 0.0) and time.monotonic() < deadline:
            time.sleep(0.1)
        text = httpx.get(page).text
    finally:
        life.kill()
        life.join()

    assert metric(text, "consumer_lag_records") == 0
    assert metric(text, "consumed_events_total", outcome="applied") == sum(len(one.rows) for one in deliveries[:3])
    assert metric(text, "pushed_rows_total", view="origin") == 3


def test_loading_the_store_leaves_the_registry_alone_so_that_a_kill_cannot_leave_it_locked(begun: Stream, fresh):
    """Feast marks a view while it materialises, and no service reads a view that a killed process left so marked."""
    stream = fresh()
    registry = (stream.settings.online_dir / "registry.db").read_bytes()

    OnlineFeatures(open_store(stream.settings.features_dir, stream.settings.online_dir, register=False)).materialise(
        START
    )

    assert (stream.settings.online_dir / "registry.db").read_bytes() == registry
    assert stream.stored() == begun.stored()


BAD = (  # a table, when it says that it became known, a payload
    ("departures", CLOCKS[2], "{"),
    ("departures", CLOCKS[2], None),
    ("departures", CLOCKS[2], '{"event_id": "x"}'),
    ("nobody", CLOCKS[2], "{}"),
    ("weather", datetime(9999, 12, 31, 23, tzinfo=UTC), "{}"),
    (None, datetime(2031, 1, 1, tzinfo=UTC), None),
    (None, CLOCKS[2] + timedelta(days=400), None),
    (None, None, None),  # beyond what a datetime holds
)


def plant(stream: Stream) -> None:
    """What another program could write into the log, past every function of ours."""
    with closing(sqlite3.connect(stream.log.path)) as connection, connection:
        for table, moment, payload in BAD:
            known = 2**62 if moment is None else microseconds(moment)
            insert = "INSERT INTO events (table_name, known_at, payload) VALUES (?, ?, ?)"
            connection.execute(insert, (table, known, payload))


def test_a_bad_record_is_a_dead_letter_with_its_reason_and_nothing_else_is_lost(fresh, deliveries, expected):
    stream = fresh()
    stream.play(deliveries[:3])
    plant(stream)
    stream.play(deliveries[3:5])
    with closing(stream.consumer()):  # another life, which reads the log again
        pass

    assert stream.play(deliveries[5:]) == expected

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
    fresh, deliveries, expected, monkeypatch
):
    stream = fresh()
    monkeypatch.setitem(contract.RULES, "departures", [*contract.RULES["departures"], NO_DEPARTURE])
    played = stream.play(deliveries)
    refused = stream.metrics.events("dead")
    assert played != expected
    assert refused == sum(name == "departures" for one in deliveries for name, _ in one.rows)

    monkeypatch.undo()
    tell_dead_letters(stream.settings, replay=True)
    patient = Stream(stream.settings.model_copy(update={"lateness_minutes": 24 * 60}))
    left = patient.play([Delivery(CLOCKS[-1] + timedelta(microseconds=1))])

    assert patient.metrics.events("late") == refused
    assert left == expected
    with closing(DeadLetters(stream.log.path)) as letters:
        assert letters.count() == 0


def test_two_versions_that_claim_one_moment_the_first_counts(fresh, deliveries, expected):
    stream = fresh()
    name, row = next(one for one in deliveries[0].rows if one[0] == "departures")
    other = row.set_column(
        row.schema.get_field_index("departure_delay_minutes"),
        row.schema.field("departure_delay_minutes"),
        pc.add(row["departure_delay_minutes"], 1).cast(row.schema.field("departure_delay_minutes").type),
    )
    arriving = [Delivery(deliveries[0].clock, [*deliveries[0].rows, (name, other)]), *deliveries[1:]]

    assert stream.play(arriving) == expected
    assert stream.metrics.events("dead") == 1
