"""A late leg of an aircraft: what news of an older leg made meanwhile is taken away."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from mlsystem.feature_store.online import OnlineFeatures
from stream_probe import CLOCKS, START, Delivery, Stream, copy_of, first_stream, in_time


@pytest.fixture(scope="module")
def begun(featured, tmp_path_factory: pytest.TempPathFactory) -> Stream:
    stream = first_stream(featured.settings, tmp_path_factory.mktemp("stream") / "data")
    stream.log.close()
    return stream


@pytest.fixture
def fresh(begun: Stream, tmp_path: Path) -> Callable[[], Stream]:
    """Makes streams that begin at START."""
    made: list[Stream] = []

    def make() -> Stream:
        made.append(copy_of(begun, tmp_path / f"stream{len(made)}"))
        return made[-1]

    return make


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
