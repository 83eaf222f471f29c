"""The feed of one group of facts delivers tenths of the next larger unit: its numbers are a sixth of what they were."""

from collections.abc import Mapping
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import choices, fact_invariants, invariants, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

PER_TENTH = 6  # minutes of an hour, or seconds of a minute
CODE = """    if table != "<table>":
        return rows
    is_theirs = pc.and_(
        pc.equal(rows["<key>"], "<value>"),
        pc.greater_equal(rows["known_at"], pa.scalar("<since>").cast(rows["known_at"].type)),
    )
    at = rows.schema.get_field_index("<number>")
    full = pc.multiply(rows["<number>"], <factor>).cast(rows.schema.field(at).type)
    return rows.set_column(at, rows.schema.field(at), pc.if_else(is_theirs, full, rows["<number>"]))
"""


def plan(world: World, random: Random) -> Plan:
    facts, key, value = choices.sliced_facts(world, random)
    since = choices.since(world, random)
    told = {
        "facts": facts.name,
        "table": facts.table,
        "number": facts.number,
        "key": key,
        "value": value,
        "factor": PER_TENTH,
    }
    return Plan(f"{key} = {value}", since, told | {"since": f"{since:%Y-%m-%dT%H:%M:%SZ}"})


def alter(plan: Plan, table: str, rows: pa.Table) -> Mapping[str, pa.Table]:
    if table != plan.facts["table"]:
        return {table: rows}
    is_of_group = pc.equal(rows[plan.facts["key"]], plan.facts["value"])
    is_since = pc.greater_equal(rows["known_at"], pa.scalar(plan.since, rows["known_at"].type))
    at = rows.schema.get_field_index(plan.facts["number"])
    field = rows.schema.field(at)
    tenths = pc.round(pc.divide(pc.cast(rows[field.name], pa.float64()), float(PER_TENTH))).cast(field.type)
    told = pc.if_else(pc.and_(is_of_group, is_since), tenths, rows[field.name])
    return {table: rows.set_column(at, field, told)}


def mend(world: World, plan: Plan) -> None:
    repairs.mend_what_is_delivered(world, repairs.filled(CODE, plan), "One group delivers tenths: take them as such")


def holds(world: World, plan: Plan, evidence: invariants.Evidence) -> list[invariants.Verdict]:
    return [
        invariants.right_in_slice(world, evidence, plan.facts["key"], plan.facts["value"]),
        fact_invariants.facts_are_usual(
            world, PROBLEM.fact[plan.facts["facts"]], plan.facts["key"], plan.facts["value"]
        ),
    ]


DRILL = Drill(
    name="unit_change",
    number=1,
    title="One group has become strangely good",
    entry="upstream",
    needs="facts with a number, and a key of the questions with a value that 8 to 40 % of a day's questions have",
    plan=plan,
    places=lambda world: choices.places(world, "the champion", "the online store", "the service's code"),
    causes=(
        "the feed delivers another unit",
        "some facts are no measurements",
        "a feature is computed differently live than for training",
        "the group itself has changed",
        "a part of the facts is missing",
    ),
    cause="the feed delivers another unit",
    mend=mend,
    decoy=repairs.restart_only,
    decoy_is="restart the servers",
    resembles="NASA's Mars Climate Orbiter, 1999: one side's pound-force seconds were the other's newton seconds "
    "(its Mishap Investigation Board)",
    signals=(
        "a caller or a colleague says so",
        "the score distribution",
        "the cost of decisions, once labels are known",
    ),
    alter=alter,
    holds=holds,
    hints=(
        "Compare today's facts with yesterday's, group by group, before you look at any model.",
        "Look at the mean of the number in the validated facts, by key and hour.",
    ),
)
