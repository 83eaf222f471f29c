"""However events arrive, and whenever the consumer is killed, the online store ends as if nothing had happened."""

import itertools
import multiprocessing
import signal
import time
from contextlib import closing
from datetime import datetime, timedelta
from random import Random

import httpx
import pyarrow as pa
import pytest

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.flows.consume import consume
from mlsystem.streaming.consumer import GROUP, AlreadyConsumed
from questions import DAY
from serving_probe import free_port, metric
from stream_probe import CLOCKS, START, Delivery, Stream, disturbed, late_facts

SEEDS = (1, 2, 3)
KILLS = 20
FACTS = PROBLEM.facts[0].table
# The first table of which each fact makes a row of its own in some view: the newest fact of a key counts.
NEWEST_FACT = next(
    (
        PROBLEM.table[facts.table]
        for view in PROBLEM.views
        for facts in PROBLEM.facts
        if view.refresh is None and facts.table in view.tables
    ),
    None,
)
TICKED = next(view for view in PROBLEM.views if view.refresh)


def test_the_undisturbed_run_leaves_what_the_offline_rows_say(first_stream: Stream, expected_rows: dict, make_stream):
    loaded = make_stream()
    online = OnlineFeatures(open_store(loaded.settings.features_dir, loaded.settings.online_dir, register=False))

    online.materialise(CLOCKS[-1])

    assert expected_rows == loaded.stored()
    assert expected_rows != first_stream.stored()


@pytest.mark.parametrize("seed", SEEDS)
def test_shuffles_within_the_bound_and_duplicates_change_nothing(make_stream, deliveries, expected_rows, seed: int):
    stream, arriving = make_stream(), disturbed(deliveries, Random(seed))

    assert stream.play(arriving) == expected_rows

    delivered = sum(len(delivery.rows) for delivery in arriving)
    facts = sum(len(delivery.rows) for delivery in deliveries)
    assert stream.metrics.events("late") == late_facts(arriving) > 0
    assert stream.metrics.events("too_late") == 0
    assert stream.metrics.events("duplicate") == delivered - facts > 0
    assert stream.metrics.events("applied") + stream.metrics.events("late") == facts


def test_a_consumer_that_is_far_behind_computes_ahead_and_ends_the_same(make_stream, deliveries, expected_rows):
    stream = make_stream()
    for delivery in deliveries:
        stream.append(delivery)

    assert stream.play([]) == expected_rows


def test_facts_beyond_the_bound_are_counted_and_change_nothing_also_after_a_restart(
    make_stream, deliveries, expected_rows
):
    stream = make_stream()
    held_back = next(row for row in deliveries[0].rows if row[0] == FACTS)
    others = [row for row in deliveries[0].rows if row is not held_back]
    arriving = [Delivery(deliveries[0].clock, others), *deliveries[1:]]
    arriving[4] = Delivery(arriving[4].clock, [*arriving[4].rows, held_back])
    without = make_stream().play([arriving[0], *deliveries[1:]])

    left = stream.play(arriving[:8])
    with closing(stream.consumer()):  # another life, with the facts that it finds in the log
        pass
    left = stream.play(arriving[8:])

    assert stream.metrics.events("too_late") == 1
    assert left == without != expected_rows


@pytest.mark.skipif(NEWEST_FACT is None, reason="no view of the domain has a row for each fact")
def test_a_late_fact_takes_the_row_of_an_older_one_away(make_stream, deliveries, monkeypatch):
    """The newer fact of a key is late; meanwhile news of the older one made a row that should not be."""
    table, (first, second) = NEWEST_FACT, CLOCKS[:2]
    model = next(row for one in deliveries for name, row in one.rows if name == table.name and is_whole(row))
    known = START + timedelta(minutes=1)
    newer = moved(model, known - model["known_at"][0].as_py(), **{table.key: "newer"})
    older = moved(newer, timedelta(seconds=-30), **{table.key: "older", "known_at": START + timedelta(minutes=3)})
    in_order = [Delivery(first, [(table.name, newer), (table.name, older)]), Delivery(second)]
    newer_late = [Delivery(first, [(table.name, older)]), Delivery(second, [(table.name, newer)])]

    honest, late = make_stream().play(in_order), make_stream().play(newer_late)
    push = OnlineFeatures.push
    monkeypatch.setattr(OnlineFeatures, "push", lambda online, view, rows, clock: push(online, view, rows, second))
    with_a_fault = make_stream().play(newer_late)  # the planted fault: a newer stored row stands, whatever was late

    assert late == honest != with_a_fault


def is_whole(row: pa.Table) -> bool:
    return None not in row.to_pylist()[0].values()


def moved(row: pa.Table, by: timedelta, **changes: object) -> pa.Table:
    """The fact with all its instants moved, and other changes."""
    said = row.to_pylist()[0]
    instants = {name: value + by for name, value in said.items() if isinstance(value, datetime)}
    return pa.Table.from_pylist([said | instants | changes], schema=row.schema)


def test_a_push_that_fails_is_done_again_by_the_next_consumer(make_stream, deliveries, expected_rows, monkeypatch):
    """A disk that fills up after the first view of a step: that is written, and nothing of the step is committed."""
    stream, push, arriving = make_stream(), OnlineFeatures.push, iter(deliveries)

    def failing(online: OnlineFeatures, view, rows, clock) -> int:  # type: ignore[no-untyped-def]
        push(online, view, rows, clock)
        raise OSError("no space left on device")

    monkeypatch.setattr(OnlineFeatures, "push", failing)
    with pytest.raises(OSError, match="no space left"):
        stream.play(arriving)
    monkeypatch.setattr(OnlineFeatures, "push", push)

    assert stream.log.lag(GROUP)[0] > 0
    assert stream.play(arriving) == expected_rows


def test_a_log_is_consumed_by_one_process_at_a_time(make_stream):
    stream = make_stream()

    with closing(stream.consumer()), pytest.raises(AlreadyConsumed, match="a consumer of"):
        stream.consumer()

    with closing(stream.consumer()):
        pass


def test_the_lag_grows_while_the_consumer_stands_still_and_is_gone_when_it_has_caught_up(make_stream, deliveries):
    stream = make_stream()

    for delivery in deliveries[:3]:
        stream.append(delivery)
    behind = stream.log.lag(GROUP)
    stream.play([])

    assert behind == (sum(len(one.rows) + 1 for one in deliveries[:3]), 900.0)
    assert stream.log.lag(GROUP) == (0, 0.0)


@pytest.mark.slow
def test_a_consumer_killed_anywhere_leaves_the_store_as_an_undisturbed_one(
    make_stream, deliveries, expected_rows, capsys
):
    seed = time.time_ns() % 100_000
    with capsys.disabled():
        print(f" [kills: seed {seed}]", end="")
    random, stream = Random(seed), make_stream(consumer_port=free_port())
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
    assert stream.stored() == expected_rows


@pytest.mark.slow
def test_the_consumers_own_page_tells_its_lag_and_what_it_pushed(make_stream, deliveries):
    stream = make_stream(consumer_port=free_port())
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
    made = storage.Partitions(stream.settings.features_dir / TICKED.name).read([DAY])["event_timestamp"].to_pylist()
    assert metric(text, "pushed_rows_total", view=TICKED.name) == sum(START < one <= CLOCKS[2] for one in made) > 0


def test_loading_the_store_leaves_the_registry_alone_so_that_a_kill_cannot_leave_it_locked(
    first_stream: Stream, make_stream
):
    """Feast marks a view while it materialises, and no service reads a view that a killed process left so marked."""
    stream = make_stream()
    registry = (stream.settings.online_dir / "registry.db").read_bytes()

    OnlineFeatures(open_store(stream.settings.features_dir, stream.settings.online_dir, register=False)).materialise(
        START
    )

    assert (stream.settings.online_dir / "registry.db").read_bytes() == registry
    assert stream.stored() == first_stream.stored()
