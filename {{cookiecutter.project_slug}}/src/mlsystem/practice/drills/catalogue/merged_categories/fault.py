"""The feed reports one group under another's name: the one seems to have stopped, the other has everybody's facts."""

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
    asked = storage.Partitions(source_dir / "<asked_of>").read([day - timedelta(days=1), day, day + timedelta(days=1)])
    own = dict(zip(asked["<id>"].to_pylist(), asked["<key>"].to_pylist(), strict=True))
    said = zip(rows["<id>"].to_pylist(), rows["<key>"].to_pylist(), strict=True)
    at = rows.schema.get_field_index("<key>")
    names = pa.array([own.get(one, name) for one, name in said], rows.schema.field(at).type)
    return rows.set_column(at, rows.schema.field(at), names)
"""


def plan(world: World, random: Random) -> Plan:
    facts, key, value = choices.sliced_facts(world, random)
    others = sorted(other for one, other in choices.slices(world, (key,)) if other != value)
    told = {"table": facts.table, "key": key, "value": value, "other": random.choice(others)}
    named = {"asked_of": PROBLEM.asked_of, "id": PROBLEM.id_column}
    return Plan(f"{key} = {value}", choices.since(world, random), told | named)


def alter(plan: Plan, table: str, rows: pa.Table) -> Mapping[str, pa.Table]:
    if table != plan.facts["table"]:
        return {table: rows}
    at = rows.schema.get_field_index(plan.facts["key"])
    field = rows.schema.field(at)
    is_since = pc.greater_equal(rows["known_at"], pa.scalar(plan.since, rows["known_at"].type))
    is_merged = pc.and_(pc.equal(rows[field.name], plan.facts["value"]), is_since)
    told = pc.if_else(is_merged, pa.scalar(plan.facts["other"], field.type), rows[field.name])
    return {table: rows.set_column(at, field, told)}


def mend(world: World, plan: Plan) -> None:
    """The questions say whose each fact is."""
    path = world.own.project / repairs.VALIDATION
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("from datetime import date\n", "from datetime import date, timedelta\n", 1), encoding="utf-8"
    )
    code = repairs.filled(CODE, plan)
    repairs.mend_what_is_delivered(
        world, code, "Take a fact's group from what it is about, not from what the feed says"
    )


def holds(world: World, plan: Plan, evidence: invariants.Evidence) -> list[invariants.Verdict]:
    key = plan.facts["key"]
    slices = [invariants.right_in_slice(world, evidence, key, plan.facts[name]) for name in ("value", "other")]
    return [*slices, fact_invariants.facts_say_their_group(world, plan.facts["table"], key)]


DRILL = Drill(
    name="merged_categories",
    number=2,
    title="One group's answers do not follow what happens there",
    entry="upstream",
    needs="facts that say a key of the questions, two of whose values 8 to 40 % of a day's questions have",
    plan=plan,
    places=lambda world: choices.places(world, "the champion", "the online store", "the consumer's code"),
    causes=(
        "the feed gives a group another name",
        "a table has stopped coming",
        "the group itself has stopped",
        "a view's time to live is too short",
        "the consumer is behind",
    ),
    cause="the feed gives a group another name",
    mend=mend,
    decoy=repairs.restart_only,
    decoy_is="restart the servers",
    resembles="Uber (its article on D3, 2023): an experiment changed how fares were logged; a tenth was missing for 45 "
    "days",
    signals=("a caller or a colleague says so", "the score distribution"),
    alter=alter,
    holds=holds,
    hints=(
        "Which view stands still, and for which keys?",
        "Count the facts of the last hours by that key, and compare with the hours before.",
    ),
)
