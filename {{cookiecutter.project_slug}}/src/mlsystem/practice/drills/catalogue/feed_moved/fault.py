"""A table lands in another folder since its owner renamed it: here nothing of it comes any more."""

from collections.abc import Mapping
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

SUFFIX = "_v2"


def plan(world: World, random: Random) -> Plan:
    table = PROBLEM.label.table
    return Plan(f"the feed of {table}", choices.since(world, random), {"table": table})


def alter(plan: Plan, table: str, rows: pa.Table) -> Mapping[str, pa.Table]:
    if table != plan.facts["table"]:
        return {table: rows}
    is_since = pc.greater_equal(rows["known_at"], pa.scalar(plan.since, rows["known_at"].type))
    moved = rows.filter(is_since)
    return {table: rows.filter(pc.invert(is_since))} | ({table + SUFFIX: moved} if moved.num_rows else {})


def mend(world: World, plan: Plan) -> None:
    """Read both: a table's day is what lies in either folder."""
    code = f"""    moved = storage.Partitions(source_dir / f"{{table}}{SUFFIX}")
    if not moved.path(day).exists():
        return rows
    later = moved.read([day]).cast(rows.schema)
    order = [("service_date", "ascending"), (PROBLEM.table[table].key, "ascending")]
    return pa.concat_tables([rows, later]).sort_by(order)
"""
    repairs.mend_what_is_delivered(world, code, "Read the table where its owner puts it now, and where it was before")


DRILL = Drill(
    name="feed_moved",
    number=3,
    title="A table does not come any more",
    entry="upstream",
    needs="a table that the labels are made of, which every project has",
    plan=plan,
    places=lambda world: choices.places(
        world, *(f"the feed of {one.name}" for one in PROBLEM.tables), "the consumer's code", "the online store"
    ),
    causes=(
        "the table comes, but to another place",
        "the table's owner has stopped",
        "validation refuses its rows",
        "the consumer is behind",
        "out there nothing happens",
    ),
    cause="the table comes, but to another place",
    mend=mend,
    decoy=repairs.restart_only,
    decoy_is="restart the servers",
    resembles="a study of 45 outages of a large ML pipeline (Google, OpML 2020): most had nothing to do with ML",
    signals=("an alert fires", "the share of degraded answers"),
    alert="SourceSilent",
    alter=alter,
    hints=("The alert's runbook says where deliveries lie. What else lies there?",),
)
