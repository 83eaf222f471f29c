"""Past days cut into intervals of event time: the facts that became known, and the flights that come due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.domain.calendar import LOOKBACK_DAYS
from mlsystem.domain.request import Flight
from mlsystem.features.build import TABLES

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)  # the finest tick of a view
ONE_DAY = timedelta(days=1)
CACHED_DAYS = LOOKBACK_DAYS + 4


@dataclass(frozen=True)
class Interval:
    """`start` is the moment at which its flights are asked about; `facts` became known since the interval before."""

    start: datetime
    facts: dict[str, pa.Table]
    flights: list[tuple[str, Flight]]  # with their ids; each has its `as_of` in this interval


def intervals(
    first: date, last: date, length: timedelta, validated_dir: Path, after: datetime | None = None
) -> Iterator[Interval]:
    """The service dates `first` to `last` in order; those intervals left out that start at or before `after`.

    With a length of a minute every flight is asked at its own `as_of`; such an interval comes only if a flight is due
    or a quarter of an hour begins. Longer ones come all, so that a night's clock goes on as well.
    """
    previous = after or opening(first, length, validated_dir)
    for day in storage.day_range(first if after is None else max(first, after.date() - ONE_DAY), last):
        due = _by_interval(flights_of(day, validated_dir), length)
        if not due or max(due) <= previous:
            continue
        known = facts_between(day, previous, max(due), validated_dir)
        for start in _grid(previous, max(due), length):
            if start in due or length >= QUARTER or start == _floor(start, QUARTER):
                facts = {name: _slice(rows, previous, start) for name, rows in known.items()}
                yield Interval(start, facts, due.get(start, []))
                previous = start


def opening(first: date, length: timedelta, validated_dir: Path) -> datetime:
    """The moment before the first interval of a day: what was known by then is not played but loaded."""
    return _floor(flights_of(first, validated_dir)[0][1].as_of, length) - MINUTE


def facts_between(day: date, after: datetime | None, until: datetime, validated_dir: Path) -> dict[str, pa.Table]:
    """What became known after `after` and up to `until`, at most about the days that can matter to `day`."""
    days = storage.day_range(day - timedelta(days=LOOKBACK_DAYS), day + ONE_DAY)
    found = {}
    for name in TABLES:
        tables = [rows for rows in (_day(validated_dir / name, one) for one in days) if rows is not None]
        rows = pa.concat_tables(tables)
        moments = rows.column("known_at")
        is_due = pc.less_equal(moments, until)
        rows = rows.filter(is_due if after is None else pc.and_(is_due, pc.greater(moments, after)))
        found[name] = rows.take(pc.sort_indices(rows.column("known_at")))
    return found


def flights_of(day: date, validated_dir: Path) -> list[tuple[str, Flight]]:
    """The day's flights with their ids, in the order in which they are predicted; cancelled ones too, as in life."""
    rows = _day(validated_dir / "flights", day)
    fields = Flight.__dataclass_fields__
    listed = [] if rows is None else rows.to_pylist()
    flights = [(row["flight_id"], Flight(**{name: row[name] for name in fields})) for row in listed]
    return sorted(flights, key=lambda item: (item[1].as_of, item[0]))


@lru_cache(maxsize=CACHED_DAYS * len(TABLES))
def _day(folder: Path, day: date) -> pa.Table | None:
    partitions = storage.Partitions(folder)
    return partitions.read([day]) if partitions.path(day).exists() else None


def _by_interval(flights: list[tuple[str, Flight]], length: timedelta) -> dict[datetime, list[tuple[str, Flight]]]:
    return {start: list(due) for start, due in groupby(flights, key=lambda item: _floor(item[1].as_of, length))}


def _grid(after: datetime, until: datetime, length: timedelta) -> Iterator[datetime]:
    start = _floor(after, length) + length
    while start <= until:
        yield start
        start += length


def _floor(moment: datetime, length: timedelta) -> datetime:
    origin = datetime(2000, 1, 1, tzinfo=UTC)
    return origin + (moment - origin) // length * length


def _slice(rows: pa.Table, after: datetime, until: datetime) -> pa.Table:
    """The part of rows in the order of `known_at`."""
    bounds = [pa.scalar(moment, pa.timestamp("us", "UTC")).value for moment in (after, until)]
    low, high = rows.column("known_at").cast(pa.int64()).to_numpy().searchsorted(bounds, side="right")
    return rows.slice(low, high - low)
