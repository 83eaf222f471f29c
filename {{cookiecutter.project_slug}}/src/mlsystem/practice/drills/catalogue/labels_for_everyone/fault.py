"""The feed invents an outcome for questions that never get one: what did not happen counts as having gone well."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import choices, fact_invariants, invariants, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

INVENTED = "/closed"
CODE = """    if table != "<table>" or not rows.num_rows:
        return rows
    return rows.filter(pc.invert(pc.ends_with(rows["<key>"], "<invented>")))
"""


def plan(world: World, random: Random) -> Plan:
    label, since = PROBLEM.label, choices.since(world, random)
    told = {"table": label.table, "key": PROBLEM.table[label.table].key, "invented": INVENTED}
    return Plan(f"the feed of {label.table}", since, told | {"unlabelled": _unlabelled(world)})


def _unlabelled(world: World) -> list[tuple[str, str]]:
    """Of the days that a drill can last, each question that never gets a label, with the day that it belongs to."""
    first = world.began.date()
    days = storage.day_range(first, first + timedelta(days=10))
    asked = storage.Partitions(world.theirs.validated_dir / PROBLEM.asked_of).read(days)
    known = storage.Partitions(world.theirs.validated_dir / PROBLEM.label.table).read(days)
    named = set(known[PROBLEM.id_column].to_pylist())
    rows = zip(asked[PROBLEM.id_column].to_pylist(), asked["service_date"].to_pylist(), strict=True)
    return [(one, str(day)) for one, day in rows if one not in named]


def alter(plan: Plan, table: str, rows: pa.Table) -> Mapping[str, pa.Table]:
    """A row for each, made of another's: known when that one is, and its number is nothing at all."""
    if table != plan.facts["table"] or not rows.num_rows:
        return {table: rows}
    day, late = (
        str(rows["service_date"][0].as_py()),
        rows.filter(pc.greater_equal(rows["known_at"], pa.scalar(plan.since, rows["known_at"].type))),
    )
    wanted = [one for one, of in plan.facts["unlabelled"] if of == day]
    count = min(len(wanted), late.num_rows)
    made = (
        late.take(pa.array([n * late.num_rows // count for n in range(count)], pa.int64()))
        if count
        else late.slice(0, 0)
    )
    columns = {
        PROBLEM.id_column: wanted[:count],
        plan.facts["key"]: [f"{one}{INVENTED}" for one in wanted[:count]],
        PROBLEM.label.column: [0] * count,
    }
    for name, values in columns.items():
        at = made.schema.get_field_index(name)
        made = made.set_column(at, made.schema.field(at), pa.array(values, made.schema.field(at).type))
    both = pa.concat_tables([rows, made])
    return {table: both.sort_by([("service_date", "ascending"), (plan.facts["key"], "ascending")])}


def mend(world: World, plan: Plan) -> None:
    repairs.mend_what_is_delivered(world, repairs.filled(CODE, plan), "What was closed by hand has no outcome")


def holds(world: World, plan: Plan, evidence: invariants.Evidence) -> list[invariants.Verdict]:
    return [fact_invariants.nothing_invented(world, evidence.reference)]


DRILL = Drill(
    name="labels_for_everyone",
    number=5,
    title="Suddenly everything has an outcome",
    entry="upstream",
    needs="questions that never get a label",
    plan=plan,
    places=lambda world: choices.places(world, *(f"the feed of {one.name}" for one in PROBLEM.tables), "the champion"),
    causes=(
        "outcomes are invented where there were none",
        "more questions are asked than before",
        "the label's threshold was moved",
        "labels come earlier than before",
        "the feed delivers facts twice",
    ),
    cause="outcomes are invented where there were none",
    mend=mend,
    decoy=repairs.restart_only,
    costs_later="the next training learns that what did not happen went well",
    decoy_is="restart the servers",
    resembles="this project's own laws: a question without an outcome is never a negative one (docs/laws.md)",
    signals=("a caller or a colleague says so", "the cost of decisions, once labels are known"),
    alter=alter,
    holds=holds,
    hints=("Not every question gets a label. How many did yesterday, how many today?",),
)
