"""data/2_validated -> data/3_features: one partition per view and day (UTC), for a day or for a year."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine
from mlsystem.features import compute

logger = logging.getLogger(__name__)
CHUNK_DAYS = 31  # how much is computed in one go: bounds memory, and what a kill can lose
# What the event log carries: what features are made from, and the labels.
TABLES = sorted({PROBLEM.label.table, *(table for view in PROBLEM.views for table in view.tables)})


def feature_days(first_service_day: date, last_service_day: date) -> list[date]:
    """The days (UTC) of the features that service dates need: one more, for the evening west of Greenwich, or for the
    morning east of it."""
    ahead = timedelta(days=PROBLEM.days_ahead)
    return storage.day_range(first_service_day - ahead, last_service_day + timedelta(days=1))


def build(
    days: Sequence[date],
    validated_dir: Path,
    features_dir: Path,
) -> int:
    """Write each view's partition of each day whose facts or SQL changed; the number of days written."""
    wanted = fingerprints(days, validated_dir)
    stale = [day for day in days if not _is_built(day, features_dir, wanted[day])]
    done = 0
    for chunk in _chunks(stale):
        logger.info("features of %s to %s: %s of %s days done", chunk[0], chunk[-1], done, len(stale))
        for view, rows in compute_days(chunk, validated_dir).items():
            partitions = storage.Partitions(features_dir / view)
            for day in chunk:
                partitions.write(day, rows[day], wanted[day])
        done += len(chunk)
    return len(stale)


def compute_days(days: Sequence[date], validated_dir: Path) -> dict[str, dict[date, pa.Table]]:
    """Every view's rows of consecutive `days`, by view name and day."""
    facts = read_facts(days[0], days[-1], validated_dir)
    after = datetime.combine(days[0], time(), UTC) - timedelta(microseconds=1)
    until = after + timedelta(days=len(days))
    with Engine() as engine:
        compute.load_facts(engine, facts)
        return {view.name: _by_day(compute.compute(engine, view, after, until), days) for view in PROBLEM.views}


def read_facts(first: date, last: date, validated_dir: Path) -> dict[str, pa.Table]:
    """The validated facts that can matter to the days (UTC) from `first` to `last`: those and the lookback before."""
    ahead = timedelta(days=PROBLEM.days_ahead)
    wanted = storage.day_range(first - timedelta(days=PROBLEM.lookback_days), last + ahead)
    return {name: storage.Partitions(validated_dir / name).read(wanted) for name in TABLES}


def fingerprints(days: Sequence[date], validated_dir: Path) -> dict[date, str]:
    """What each day's features are made from: the SQL, its ticks, and the facts of the day and its lookback."""
    text = "".join(f"{compute.view_sql(view)}{view.refresh}" for view in PROBLEM.views)
    text += f"{compute.versions_sql()}"
    reach = range(-PROBLEM.days_ahead, PROBLEM.lookback_days + 1)  # days back
    seen = storage.day_range(days[0] - timedelta(days=reach[-1]), days[-1] - timedelta(days=reach[0]))
    facts = {day: [storage.Partitions(validated_dir / name).content(day) for name in TABLES] for day in seen}
    return {
        day: storage.digest(text, *(part for n in reach for part in facts[day - timedelta(days=n)])) for day in days
    }


def _is_built(day: date, features_dir: Path, fingerprint: str) -> bool:
    return all(storage.Partitions(features_dir / view.name).fingerprint(day) == fingerprint for view in PROBLEM.views)


def _by_day(rows: pa.Table, days: Sequence[date]) -> dict[date, pa.Table]:
    dated = rows.append_column("day", pc.cast(rows.column("event_timestamp"), pa.date32()))
    return {day: part.drop_columns("day") for day, part in storage.split_by_day(dated, "day", days).items()}


def _chunks(days: Sequence[date]) -> Iterator[list[date]]:
    """Runs of consecutive days, none longer than CHUNK_DAYS."""
    run: list[date] = []
    for day in days:
        if run and (day - run[-1] != timedelta(days=1) or len(run) == CHUNK_DAYS):
            yield run
            run = []
        run.append(day)
    if run:
        yield run
