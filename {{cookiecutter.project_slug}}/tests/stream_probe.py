"""What the tests of the stream share: an hour of a real day as deliveries, and what is in the online store."""

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa

from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.flows.consume import log_path, make_consumer
from mlsystem.metrics.consumer import ConsumerMetrics
from mlsystem.replay.timeline import facts_between
from mlsystem.settings import Settings
from mlsystem.streaming.consumer import FeatureConsumer
from mlsystem.streaming.event_log import EventLog
from questions import DAY, NOW

START = datetime.combine(DAY, time(NOW.astimezone(UTC).hour, 40), UTC)  # an hour in which one asks, as in the example
CLOCKS = [START + timedelta(minutes=5 * n) for n in range(1, 14)]
LATENESS = timedelta(minutes=10)
Row = tuple[str, pa.Table]  # a table and one row of it


@dataclass
class Delivery:
    """What arrives between two clock readings, and the second of them."""

    clock: datetime
    rows: list[Row] = field(default_factory=list)


def in_time(validated_dir: Path) -> list[Delivery]:
    """Every fact of the hour right before the clock that follows its becoming known."""
    deliveries, previous = [], START
    for clock in CLOCKS:
        facts = facts_between(DAY, previous, clock, validated_dir)
        rows = [(name, table.slice(n, 1)) for name, table in facts.items() for n in range(table.num_rows)]
        deliveries.append(Delivery(clock, rows))
        previous = clock
    return deliveries


def disturbed(undisturbed: list[Delivery], random: Random) -> list[Delivery]:
    """The same facts shuffled, a third of them late within the bound, and a fifth of them again at any later time."""
    found = [Delivery(one.clock) for one in undisturbed]
    for step, delivery in enumerate(undisturbed):
        for name, row in delivery.rows:
            arrives = _late_step(step, row, random) if random.random() < 1 / 3 else step
            found[arrives].rows.append((name, row))
            if random.random() < 1 / 5:
                found[random.randrange(arrives, len(found))].rows.append((name, row))
    for delivery in found:
        random.shuffle(delivery.rows)
    return found


def _late_step(step: int, row: pa.Table, random: Random) -> int:
    """A later step at which the fact is not too late: the clock before it is less than the bound after `known_at`."""
    (moment,) = row.column("known_at").to_pylist()
    allowed = [n for n in range(step, len(CLOCKS)) if n == step or CLOCKS[n - 1] - LATENESS < moment]
    return random.choice(allowed)


def late_facts(arriving: list[Delivery]) -> int:
    """How many facts come for the first time when the clock has passed the moment at which they became known."""
    first: dict[tuple[str, int], tuple[datetime, datetime]] = {}
    for clock, delivery in zip([START, *CLOCKS], arriving, strict=False):
        for name, row in delivery.rows:  # one object, however often it comes
            first.setdefault((name, id(row)), (row.column("known_at").to_pylist()[0], clock))
    return sum(known_at <= clock for known_at, clock in first.values())


@dataclass
class Stream:
    """A log and a store of a test's own, as they are at START, and the consumer of this process."""

    settings: Settings

    def __post_init__(self) -> None:
        self.log = EventLog(log_path(self.settings))
        self.metrics = ConsumerMetrics()

    def consumer(self) -> FeatureConsumer:
        online = OnlineFeatures(open_store(self.settings.features_dir, self.settings.online_dir, register=False))
        return make_consumer(self.settings, self.log, online, self.metrics)

    def append(self, delivery: Delivery) -> None:
        """The rows one by one in their order, then the clock."""
        for name, row in delivery.rows:
            self.log.append({name: row})
        self.log.append({}, delivery.clock)

    def play(self, deliveries: Iterable[Delivery]) -> dict:
        """Let this process's consumer take in one delivery after the other; what the store has in the end."""
        with closing(self.consumer()) as consumer:
            consumer.catch_up()
            for delivery in deliveries:
                self.append(delivery)
                consumer.catch_up()
        return self.stored()

    def stored(self) -> dict:
        """Every value of every row of every view, with the moment of its row, read from the file."""
        with closing(sqlite3.connect(self.settings.online_dir / "online.db")) as store:
            return {
                view.name: sorted(
                    store.execute(f"SELECT entity_key, feature_name, value, event_ts FROM mlsystem_{view.name}")
                )
                for view in PROBLEM.views
            }


def first_stream(built: Settings, folder: Path) -> Stream:
    """A store loaded as of START, and a log with the facts that windows reach back to."""
    folder.mkdir(parents=True)
    for name in ("validated_dir", "features_dir"):
        (folder / getattr(built, name).name).symlink_to(getattr(built, name))
    stream = Stream(Settings(data_dir=folder, reports_dir=folder / "reports"))
    online = OnlineFeatures(open_store(stream.settings.features_dir, stream.settings.online_dir))
    online.materialise(START)
    stream.log.append(facts_between(DAY, None, START, stream.settings.validated_dir), START)
    with closing(stream.consumer()) as consumer:
        consumer.catch_up()
    return stream


def copy_of(stream: Stream, folder: Path, **own: int) -> Stream:
    """Another stream that begins where this one is."""
    shutil.copytree(stream.settings.data_dir, folder, symlinks=True)
    return Stream(Settings(data_dir=folder, reports_dir=folder / "reports", **own))
