"""Every other batch of a table comes twice, the second time under other numbers: no look for doubles finds it."""

from collections.abc import Mapping
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import choices, fact_invariants, invariants, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

CODE = """    if table != "<table>" or not rows.num_rows:
        return rows
    seen, keep = set(), []
    for one in zip(rows["<id>"].to_pylist(), rows["known_at"].to_pylist(), strict=True):
        keep.append(one not in seen)
        seen.add(one)
    return rows.filter(pa.array(keep, pa.bool_()))
"""


def plan(world: World, random: Random) -> Plan:
    table = PROBLEM.label.table
    told = {"table": table, "id": PROBLEM.id_column, "key": PROBLEM.table[table].key}
    return Plan(f"the feed of {table}", choices.since_next_day(world, table), told)


def alter(plan: Plan, table: str, rows: pa.Table) -> Mapping[str, pa.Table]:
    """The batches of even hours, again."""
    if table != plan.facts["table"]:
        return {table: rows}
    is_since = pc.greater_equal(rows["known_at"], pa.scalar(plan.since, rows["known_at"].type))
    is_even = pc.equal(pc.bit_wise_and(pc.hour(rows["known_at"]), 1), 0)
    again = rows.filter(pc.and_(is_since, is_even))
    at = rows.schema.get_field_index(plan.facts["key"])
    numbers = pa.array([f"{one}/2" for one in again[plan.facts["key"]].to_pylist()], rows.schema.field(at).type)
    again = again.set_column(at, rows.schema.field(at), numbers)
    both = pa.concat_tables([rows, again])
    return {table: both.sort_by([("service_date", "ascending"), (plan.facts["key"], "ascending")])}


def mend(world: World, plan: Plan) -> None:
    code = repairs.filled(CODE, plan)
    repairs.mend_what_is_delivered(
        world, code, "One fact about one thing at one moment, under whatever number it comes"
    )


def holds(world: World, plan: Plan, evidence: invariants.Evidence) -> list[invariants.Verdict]:
    return [fact_invariants.facts_are_once(world, plan.facts["table"], plan.facts["id"])]


DRILL = Drill(
    name="duplicate_batches",
    number=4,
    title="There is more than there can be",
    entry="upstream",
    needs="a table that the labels are made of, which every project has",
    plan=plan,
    places=lambda world: choices.places(world, *(f"the feed of {one.name}" for one in PROBLEM.tables), "the event log"),
    causes=(
        "the feed delivers facts twice",
        "the consumer takes facts in twice",
        "out there more happens than ever",
        "the day's rule is too narrow",
        "two versions of the service run",
    ),
    cause="the feed delivers facts twice",
    mend=mend,
    decoy=repairs.restart_only,
    costs_later="whoever counts what happened counts every other hour twice, and who plans by that plans wrongly",
    decoy_is="restart the servers",
    resembles="Cloudflare, 18 November 2025: a query began to give every row twice, now and then, and a file grew past "
    "its limit (its post-mortem)",
    signals=("a caller or a colleague says so",),
    may_show=(
        "quarantine or validation",
        "the share of degraded answers",
        "a night's work or its findings are missing",
    ),
    alter=alter,
    holds=holds,
    hints=("Count the facts of each hour. Is it every hour?", "Which columns make two rows the same fact?"),
)
