"""Past days cut into intervals of event time: the facts that became known, and the questions that come due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.features.build import TABLES

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)  # the finest tick of a view
ONE_DAY = timedelta(days=1)
CACHED_DAYS = PROBLEM.lookback_days + 4


class NothingAsked(UserError):
    """Days without a single question: there is nothing to play."""


@dataclass(frozen=True)
class Interval:
    """`start` is the moment at which its questions are asked about; `facts` became known since the interval before."""

    start: datetime
    facts: dict[str, pa.Table]
    questions: list[Question]  # each has its `as_of` in this interval


def intervals(
    first: date, last: date, length: timedelta, validated_dir: Path, after: datetime | None = None
) -> Iterator[Interval]:
    """The service dates `first` to `last` in order; those intervals left out that start at or before `after`.

    With a length of a minute all is asked at its own `as_of`, to the second: an interval starts whenever a question is
    due, and with each quarter of an hour. Longer ones come all, so that a night's clock goes on as well.
    """
    previous = after or opening(first_asked(first, last, validated_dir), length, validated_dir)
    for day in storage.day_range(first if after is None else max(first, after.date() - ONE_DAY), last):
        due = _by_interval(questions_of(day, validated_dir), length)
        if not due or max(due) <= previous:
            continue
        known = facts_between(day, previous, max(due), validated_dir)
        starts = {*_grid(previous, max(due), max(length, QUARTER)), *(start for start in due if start > previous)}
        for start in sorted(starts):
            facts = {name: _slice(rows, previous, start) for name, rows in known.items()}
            yield Interval(start, facts, due.get(start, []))
            previous = start


def first_asked(first: date, last: date, validated_dir: Path) -> date:
    """The first of the days on which anything was asked. Raises NothingAsked."""
    asked = (day for day in storage.day_range(first, last) if questions_of(day, validated_dir))
    if (day := next(asked, None)) is None:
        raise NothingAsked(f"nobody asked anything from {first} to {last}; name other days with --from and --to")
    return day


def opening(first: date, length: timedelta, validated_dir: Path) -> datetime:
    """The moment before the first interval of a day with questions: what was known by then is not played but loaded."""
    return _floor(questions_of(first, validated_dir)[0].as_of, length) - MINUTE


def facts_between(day: date, after: datetime | None, until: datetime, validated_dir: Path) -> dict[str, pa.Table]:
    """What became known after `after` and up to `until`, at most about the days that can matter to `day`."""
    days = storage.day_range(day - timedelta(days=PROBLEM.lookback_days), day + ONE_DAY)
    found = {}
    for name in TABLES:
        tables = [rows for rows in (_day(validated_dir / name, one) for one in days) if rows is not None]
        rows = pa.concat_tables(tables)
        moments = rows.column("known_at")
        is_due = pc.less_equal(moments, until)
        rows = rows.filter(is_due if after is None else pc.and_(is_due, pc.greater(moments, after)))
        found[name] = rows.take(pc.sort_indices(rows.column("known_at")))
    return found


def questions_of(day: date, validated_dir: Path) -> list[Question]:
    """The day's questions in the order in which they are asked; those that never get a label too, as in life."""
    rows = _day(validated_dir / PROBLEM.asked_of, day)
    listed = [] if rows is None else rows.select([field.name for field in PROBLEM.fields]).to_pylist()
    return sorted((PROBLEM.question(**row) for row in listed), key=lambda one: (one.as_of, one.id))


def _day(folder: Path, day: date) -> pa.Table | None:
    path = storage.Partitions(folder).path(day)
    return _read(folder, day, path.stat().st_mtime_ns) if path.exists() else None


@lru_cache(maxsize=CACHED_DAYS * len(TABLES))
def _read(folder: Path, day: date, written: int) -> pa.Table:
    """`written` tells one writing of the day from another: somebody may validate it again meanwhile."""
    return storage.Partitions(folder).read([day])


def _by_interval(questions: list[Question], length: timedelta) -> dict[datetime, list[Question]]:
    start_of = (lambda one: one.as_of) if length == MINUTE else (lambda one: _floor(one.as_of, length))
    return {start: list(due) for start, due in groupby(questions, key=start_of)}


def _grid(after: datetime, until: datetime, length: timedelta) -> Iterator[datetime]:
    start = _floor(after, length) + length
    while start <= until:
        yield start
        start += length


def _floor(moment: datetime, length: timedelta) -> datetime:
    epoch = datetime(2000, 1, 1, tzinfo=UTC)
    return epoch + (moment - epoch) // length * length


def _slice(rows: pa.Table, after: datetime, until: datetime) -> pa.Table:
    """The part of rows in the order of `known_at`."""
    bounds = [pa.scalar(moment, pa.timestamp("us", "UTC")).value for moment in (after, until)]
    low, high = rows.column("known_at").cast(pa.int64()).to_numpy().searchsorted(bounds, side="right")
    return rows.slice(low, high - low)
