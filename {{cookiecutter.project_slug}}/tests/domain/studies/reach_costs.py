"""What the features of reach_features.py take beside today's views: time, rows and bytes of a year, facts at hand."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from reach_features import GROUPS, TABLES, Group, computed

from mlsystem import engine, storage
from mlsystem.domain import PROBLEM
from mlsystem.features import build
from mlsystem.settings import Settings


@dataclass(frozen=True)
class Carried:
    """What a group takes: computed over the year as rows of one partition a day, and kept at hand."""

    name: str
    seconds: float
    rows: int
    megabytes: float
    facts: float  # that the consumer keeps, on average: all of today's views, and what a group needs beyond them
    days: int  # of facts that one day is made from
    keys: int  # rows in the online store


def held(settings: Settings, tables: Sequence[str], days: int) -> float:
    """Facts of so many service dates on end, mean over the year."""
    parts = [storage.Partitions(settings.validated_dir / table) for table in tables]
    found = pd.Series([sum(part.rows(day) for part in parts) for day in parts[0].days()])
    return float(found.rolling(days).sum().mean())


def carry(settings: Settings, questions: pa.Table) -> tuple[dict[str, pd.DataFrame], list[Carried]]:
    """Each group's columns in the order of the questions, and what each takes, today's views first."""
    days = storage.Partitions(settings.validated_dir / "flights").days()
    facts = {name: storage.Partitions(settings.validated_dir / name).read() for name in TABLES}
    kept = PROBLEM.lookback_days + 2  # service dates that features/recent.py keeps, today's included
    with tempfile.TemporaryDirectory() as folder:
        scratch, started = Path(folder), time.perf_counter()
        build.build(build.feature_days(days[0], days[-1]), settings.validated_dir, scratch / "today")
        seconds = time.perf_counter() - started
        views = [(scratch / "today" / view.name, view.join_keys) for view in PROBLEM.views]
        keys = sum(_distinct(", ".join(of), storage.Partitions(view).read()) for view, of in views)
        size, facts_held = _size(scratch / "today"), held(settings, build.TABLES, kept)
        carried = [Carried("today's views", seconds, *size, facts_held, PROBLEM.lookback_days + 1, keys)]
        found = {}
        for group in GROUPS:
            started = time.perf_counter()
            rows = computed(group, facts, questions)
            for day, part in storage.split_by_day(rows, "service_date", days).items():
                storage.Partitions(scratch / group.name).write(day, part, "")
            seconds, keys = time.perf_counter() - started, _distinct(group.key, facts["flights"])
            behind = lookback(group)
            more = held(settings, [group.table], behind + 2) - held(settings, [group.table], kept)
            carried.append(Carried(group.name, seconds, *_size(scratch / group.name), more, behind + 1, keys))
            found[group.name] = rows.to_pandas().set_index("question_id").loc[questions["question_id"].to_pylist()]
    return {g.name: found[g.name][[*g.columns]].reset_index(drop=True) for g in GROUPS}, carried


def lookback(group: Group) -> int:
    """Service dates before a day that can still matter to it: the views' are enough for a window of 24 hours."""
    return PROBLEM.lookback_days + max(0, group.hours // 24 - 1)


def _distinct(key: str, rows: pa.Table) -> int:
    found = engine.query(f"SELECT COUNT(*) AS keys FROM (SELECT DISTINCT {key} FROM given)", {"given": rows})
    return int(found["keys"][0].as_py())


def _size(folder: Path) -> tuple[int, float]:
    """Rows and megabytes of all partitions below."""
    files = list(folder.rglob("*.parquet"))
    return sum(pq.read_metadata(file).num_rows for file in files), sum(file.stat().st_size for file in files) / 1e6


def carried_table(carried: Sequence[Carried]) -> str:
    """The figures for people, as Markdown, and what follows from them."""
    heads = ("", "s over the year", "rows", "MB", "facts held online", "days a day is made from", "online rows")
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for place, it in enumerate(carried):
        size = f"{it.seconds:.1f} | {it.rows:,} | {it.megabytes:.1f}"
        lines.append(f"| {it.name} | {size} | {'+' if place else ''}{it.facts:,.0f} | {it.days} | {it.keys:,} |")
    return "\n".join([*lines, "", _price(carried)])


def _price(carried: Sequence[Carried]) -> str:
    today, *groups = carried
    free = ", ".join(one.name for one in groups if one.facts <= 0)
    dear = [
        f"{one.name} needs {one.facts / today.facts:.1f} times as many facts again in the consumer, and a day of it is "
        f"made from {one.days} days, where {today.days} are enough now."
        for one in groups
        if one.facts > 0
    ]
    return " ".join([f"From facts that are at hand today: {free}." if free else "", *dear]).strip()
