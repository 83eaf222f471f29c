"""data/1_source -> data/2_validated: good rows on, bad rows to quarantine, bad days stopped.

Layout: `<table>/<day>.parquet`, `quarantine/<table>/<day>.parquet` (the row, and the rule and reason that sent it
there), `breaches/<day>.parquet` (one row per rule broken that day, warnings too), `docs/` (Data Docs).
"""

import logging
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.engine import query
from mlsystem.errors import UserError
from mlsystem.source.deliver import malformed
from mlsystem.validation.expectations import Breach, find_breaches, open_context
from mlsystem.validation.offline_pages import make_offline

Fix = Callable[[str, pa.Table], pa.Table]
logger = logging.getLogger(__name__)
BREACHES = pa.schema(
    {"service_date": pa.date32(), "table": pa.string(), "rule": pa.string(), "severity": pa.string()}
    | {"reason": pa.string(), "rows": pa.int64()}
)


class Misfiled(UserError):
    """A delivered partition holds rows of another day."""


class NotValidated(UserError):
    """The day's validated rows were not made from its present delivery."""


@dataclass(frozen=True)
class Report:
    """What one run of the rules did. `stopped` days were not published: what was there before them stays."""

    days: int
    rows: int = 0
    quarantined: int = 0
    warnings: int = 0
    stopped: dict[date, str] = field(default_factory=dict)


def validate(days: Sequence[date], source_dir: Path, validated_dir: Path, again: bool = False) -> Report:
    """Apply every rule to each day whose delivery or whose rules changed since it was last validated; or to all."""
    stale = sorted(day for day in days if again or not _is_validated(day, source_dir, validated_dir))
    if not stale:
        return Report(days=0)
    delivered = {table.name: _read_delivery(table.name, stale, source_dir) for table in PROBLEM.tables}
    return _judge(stale, delivered, source_dir, validated_dir)


def revalidate(
    days: Sequence[date], source_dir: Path, validated_dir: Path, fix: Fix = lambda table, rows: rows
) -> Report:
    """Apply the rules once more to the quarantined rows of these days, after `fix` or after a rule was mended.

    Rows that pass join the validated ones; rows that do not stay, with their reason. Nothing is lost.
    Raises NotValidated for a day that was delivered again, or stopped, since: its new delivery must be judged first.
    """
    for day in days:
        if not _is_from_present_delivery(day, source_dir, validated_dir):
            raise NotValidated(f"{day} was not validated from its present delivery; run `make ingest` first")
    together = {}
    for table in PROBLEM.tables:
        accepted = storage.Partitions(validated_dir / table.name).read(days)
        refused = storage.Partitions(validated_dir / "quarantine" / table.name).read(days)
        refused = fix(table.name, refused.drop_columns(["rule", "reason"]))
        rows = pa.concat_tables([accepted, refused.cast(accepted.schema)])
        together[table.name] = rows.sort_by([("service_date", "ascending"), (table.key, "ascending")])
    return _judge(sorted(days), together, source_dir, validated_dir)


def _read_delivery(table: str, days: list[date], source_dir: Path) -> pa.Table:
    partitions = storage.Partitions(source_dir / table)
    delivered = [day for day in days if partitions.path(day).exists()] or days[:1]  # a day without a file has no rows
    parts = {day: partitions.read([day]) for day in delivered}
    for day, rows in parts.items():
        if not pc.all(pc.equal(rows.column("service_date"), day), skip_nulls=False, min_count=0).as_py():
            raise Misfiled(f"{table}: the delivery of {day} holds rows of another day, or of none; deliver it again")
    return pa.concat_tables(parts.values())


def _judge(days: list[date], delivered: dict[str, pa.Table], source_dir: Path, validated_dir: Path) -> Report:
    """Rules over rows, then rules over days, then publish what may pass."""
    shutil.rmtree(validated_dir / "docs", ignore_errors=True)  # a kill can have left half a context there
    context = open_context(validated_dir / "docs")
    breaches: list[Breach] = []
    for place, table in enumerate(PROBLEM.tables, start=1):
        rows = delivered[table.name]
        logger.info("%s: %s rows (table %s of %s)", table.name, f"{rows.num_rows:,}", place, len(PROBLEM.tables))
        breaches += find_breaches(context, table, rows.to_pandas())
    logger.info("parting good rows from bad")
    accepted, refused = _split(delivered, breaches)
    profile = _profile(days, accepted, [*refused.values(), malformed(source_dir)])
    logger.info("days: %s, and the pages of Data Docs", len(days))
    of_days = find_breaches(context, PROBLEM.days, profile)
    make_offline(validated_dir / "docs")
    stopping = [breach for breach in of_days if _is_critical(breach)]
    reasons = {
        day: [b.rule.reason for b in stopping if row in b.rows] for row, day in enumerate(profile["service_date"])
    }
    stopped = {day: "; ".join(because) for day, because in reasons.items() if because}
    counts = _count(delivered | {"days": pa.Table.from_pandas(profile)}, [*breaches, *of_days])
    # What was found goes first: a day that is published counts as done, and no later run would record its breaches.
    _record(days, counts, validated_dir)
    logger.info("writing what passed")
    _publish([day for day in days if day not in stopped], accepted, refused, source_dir, validated_dir)
    return Report(
        days=len(days),
        rows=sum(rows.num_rows for rows in accepted.values()),
        quarantined=sum(rows.num_rows for rows in refused.values()),
        warnings=sum(count for (*_, severity, _), count in counts.items() if severity == "warning"),
        stopped=stopped,
    )


def _split(delivered: dict[str, pa.Table], breaches: list[Breach]) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
    """The rows that pass, and those that break a critical rule with the first such rule and its reason."""
    accepted, refused = {}, {}
    for name, rows in delivered.items():
        why: dict[int, Breach] = {}
        for breach in breaches:
            if breach.table == name and _is_critical(breach):
                why = dict.fromkeys(breach.rows, breach) | why
        bad = sorted(why)
        keep = ~pd.Series(range(rows.num_rows)).isin(bad)
        accepted[name] = rows.filter(pa.array(keep, pa.bool_()))
        labels = {"rule": [why[row].rule.name for row in bad], "reason": [why[row].rule.reason for row in bad]}
        refused[name] = rows.take(pa.array(bad, pa.int64()))
        for column, values in labels.items():
            refused[name] = refused[name].append_column(column, pa.array(values, pa.string()))
    return accepted, refused


def _profile(days: list[date], accepted: dict[str, pa.Table], refused: Sequence[pa.Table]) -> pd.DataFrame:
    """One row per day for the day's own rules; what could not be read at all counts among the refused."""
    quarantined = pa.concat_tables([rows.select(["service_date"]) for rows in refused])
    wanted = pa.table({"service_date": pa.array(days, pa.date32())})
    profile = query(PROBLEM.sql_text("days"), accepted | {"quarantined": quarantined, "wanted": wanted})
    return profile.sort_by("service_date").to_pandas()


def _count(frames: dict[str, pa.Table], breaches: list[Breach]) -> dict[tuple[date, str, str, str, str], int]:
    """How many rows broke each rule on each day: (day, table, rule, severity, reason) -> rows."""
    counts: dict[tuple[date, str, str, str, str], int] = defaultdict(int)
    for breach in breaches:
        rule = breach.rule
        for day in frames[breach.table].column("service_date").take(pa.array(breach.rows, pa.int64())).to_pylist():
            counts[day, breach.table, rule.name, rule.severity, rule.reason] += 1
    return counts


def _publish(
    days: list[date],
    accepted: dict[str, pa.Table],
    refused: dict[str, pa.Table],
    source_dir: Path,
    validated_dir: Path,
) -> None:
    """Quarantine first and the last table last: a day counts as validated when all its partitions are there."""
    for folder, rows_of in ((validated_dir / "quarantine", refused), (validated_dir, accepted)):
        parts = {name: storage.split_by_day(rows, "service_date", days) for name, rows in rows_of.items()}
        for day in days:
            fingerprint = _fingerprint(day, source_dir)
            for name, by_day in parts.items():
                storage.Partitions(folder / name).write(day, by_day[day], fingerprint)


def _record(days: list[date], counts: dict[tuple[date, str, str, str, str], int], validated_dir: Path) -> None:
    """One row per day and broken rule, for people and for the report."""
    rows = sorted((*key, count) for key, count in counts.items())
    columns = list(zip(*rows, strict=True)) or [()] * len(BREACHES)
    table = pa.table([pa.array(c, t.type) for c, t in zip(columns, BREACHES, strict=True)], schema=BREACHES)
    for day, part in storage.split_by_day(table, "service_date", days).items():
        storage.Partitions(validated_dir / "breaches").write(day, part, "")


def _is_validated(day: date, source_dir: Path, validated_dir: Path) -> bool:
    wanted = _fingerprint(day, source_dir)
    return all(storage.Partitions(validated_dir / table.name).fingerprint(day) == wanted for table in PROBLEM.tables)


def _is_from_present_delivery(day: date, source_dir: Path, validated_dir: Path) -> bool:
    delivery = _fingerprint(day, source_dir).partition("/")[2]
    published = (storage.Partitions(validated_dir / table.name).fingerprint(day) or "" for table in PROBLEM.tables)
    return all(fingerprint.partition("/")[2] == delivery for fingerprint in published)


def _fingerprint(day: date, source_dir: Path) -> str:
    """`<contract>/<delivery>`: the first half changes with a rule, the second with a delivered row."""
    deliveries = [storage.Partitions(source_dir / table.name).content(day) for table in PROBLEM.tables]
    return f"{storage.digest(repr((PROBLEM.tables, PROBLEM.days)))}/{storage.digest(*deliveries)}"


def _is_critical(breach: Breach) -> bool:
    return breach.rule.severity == "critical"
