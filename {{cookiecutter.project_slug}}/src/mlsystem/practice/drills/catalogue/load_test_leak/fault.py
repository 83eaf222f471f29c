"""A load test writes into the production feed: some facts carry its numbers, at the upper end of what may be."""

import zlib
from collections.abc import Mapping
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import choices, fact_invariants, invariants, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

ONE_IN = 80  # facts is the test's: a day with more than a twentieth in quarantine is stopped; what is lost shows little
SPREAD = 60  # below the highest that a rule allows
RULES = "src/mlsystem/domain/tables.py"
RULE = """
MEASURED = between("{number}", {low}, {high}, "critical", "a load test's, and no measurement")
TABLES = tuple(
    replace(one, rules=(*one.rules, MEASURED)) if one.name == "{table}" else one for one in TABLES
)
"""


def plan(world: World, random: Random) -> Plan:
    table, number = choices.measured_table()
    limits = next(rule.arguments for rule in table.rules if rule.columns == (number,) and rule.kind == "between")
    low, high = int(limits["min_value"]), int(limits["max_value"])
    facts = {"table": table.name, "key": table.key, "number": number, "low": low, "high": high - SPREAD - 1}
    return Plan(f"the feed of {table.name}", choices.since(world, random), facts)


def alter(plan: Plan, table: str, rows: pa.Table) -> Mapping[str, pa.Table]:
    if table != plan.facts["table"]:
        return {table: rows}
    drawn = [zlib.crc32(str(key).encode()) for key in rows[plan.facts["key"]].to_pylist()]
    is_known_since = pc.greater_equal(rows["known_at"], pa.scalar(plan.since, rows["known_at"].type))
    is_tests = pc.and_(pa.array([one % ONE_IN == 0 for one in drawn], pa.bool_()), is_known_since)
    at = rows.schema.get_field_index(plan.facts["number"])
    field = rows.schema.field(at)
    told = pa.array([plan.facts["high"] + 1 + one % SPREAD for one in drawn]).cast(field.type)
    return {table: rows.set_column(at, field, pc.if_else(is_tests, told, rows[field.name]))}


def mend(world: World, plan: Plan) -> None:
    """A narrower rule, and the days since again."""
    path = world.own.project / RULES
    text = path.read_text(encoding="utf-8").replace(
        "from mlsystem", "from dataclasses import replace\n\nfrom mlsystem", 1
    )
    path.write_text(text + RULE.format(**plan.facts), encoding="utf-8")
    world.own.commit("Quarantine what a load test wrote")
    repairs.backfill(world)


def holds(world: World, plan: Plan, evidence: invariants.Evidence) -> list[invariants.Verdict]:
    return [
        fact_invariants.facts_are_usual(world, next(one for one in PROBLEM.facts if one.table == plan.facts["table"]))
    ]


DRILL = Drill(
    name="load_test_leak",
    number=19,
    title="The numbers that we serve are higher than anybody measured",
    entry="upstream",
    needs="a table of facts with a number, beside the one that makes the labels",
    plan=plan,
    places=lambda world: choices.places(world, *(f"the feed of {one.name}" for one in PROBLEM.tables), "the champion"),
    causes=(
        "some facts are no measurements",
        "the feed delivers another unit",
        "the world changed",
        "facts are counted twice by a backfill",
        "a feature is computed differently live than for training",
    ),
    cause="some facts are no measurements",
    mend=mend,
    decoy=repairs.restart_only,
    decoy_is="restart the servers",
    resembles="Unity, 2022: a model learned from the bad data of one of its clients (its quarterly report)",
    signals=("a caller or a colleague says so", "the score distribution"),
    alter=alter,
    holds=holds,
    hints=("What does the distribution of the number look like at its upper end?",),
)
