"""A load test writes into the production feed: twins of real facts, with numbers that nobody measured."""

import zlib
from datetime import date
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

SUFFIX = "-LT"  # of the twins' keys
ONE_IN = 25  # facts has a twin: fewer than a day is stopped for
RULES = "src/mlsystem/domain/tables.py"
RULE = """
TABLES = tuple(
    replace(one, rules=(*one.rules, Rule("matches", ("{key}",), "critical", "a load test's", {{"regex": "{pattern}"}})))
    if one.name == "{table}"
    else one
    for one in TABLES
)
"""
PATTERN = "^(?!.*-LT$)"


def plan(world: World, random: Random) -> Plan:
    table, number = choices.measured_table()
    high = next(rule.arguments["max_value"] for rule in table.rules if rule.columns == (number,) and rule.arguments)
    facts = {"table": table.name, "key": table.key, "number": number, "told": int(high) - random.randint(1, 60)}
    return Plan(f"the feed of {table.name}", choices.since(world, random), facts)


def alter(plan: Plan, table: str, day: date, rows: pa.Table) -> pa.Table:
    if table != plan.facts["table"]:
        return rows
    keys = rows[plan.facts["key"]].to_pylist()
    drawn = [zlib.crc32(str(key).encode()) % ONE_IN == 0 for key in keys]
    is_twinned = pc.and_(
        pa.array(drawn), pc.greater_equal(rows["known_at"], pa.scalar(plan.since, rows["known_at"].type))
    )
    twins = rows.filter(is_twinned)
    for column, values in (
        (plan.facts["key"], pa.array([f"{key}{SUFFIX}" for key in twins[plan.facts["key"]].to_pylist()], pa.string())),
        (plan.facts["number"], pa.array([plan.facts["told"]] * twins.num_rows)),
    ):
        at = twins.schema.get_field_index(column)
        twins = twins.set_column(at, twins.schema.field(at), values.cast(twins.schema.field(at).type))
    return pa.concat_tables([rows, twins]).sort_by([(plan.facts["key"], "ascending")])


def mend(world: World, plan: Plan) -> None:
    """A rule for them, and the days since again."""
    path = world.own.project / RULES
    text = path.read_text(encoding="utf-8")
    if "import replace" not in text:
        text = text.replace("from mlsystem", "from dataclasses import replace\n\nfrom mlsystem", 1)
    rule = RULE.format(pattern=PATTERN, **plan.facts)
    path.write_text(_with_rule_imported(text) + rule, encoding="utf-8")
    world.own.commit("Quarantine what a load test wrote")
    days = ["--from", str(world.began.date()), "--to", str(world.day)]
    repairs.run(world, "ingest", *days)
    repairs.run(world, "features", *days)
    repairs.restart(world)


def _with_rule_imported(text: str) -> str:
    before, found, after = text.partition("from mlsystem.contract.tables import ")
    names, end, rest = after.partition("\n")
    return before + found + ("Rule, " if "Rule" not in names.replace(" ", "").split(",") else "") + names + end + rest


def decoy(world: World, plan: Plan) -> None:
    repairs.restart(world)


DRILL = Drill(
    name="load-test-leak",
    title="The numbers that we serve are higher than anybody measured",
    entry="upstream",
    needs="a table of facts with a number, beside the one that makes the labels",
    plan=plan,
    places=lambda world: choices.places(world, *(f"the feed of {one.name}" for one in PROBLEM.tables), "the champion"),
    causes=(
        "rows that are no facts come with the facts",
        "the feed delivers another unit",
        "the world changed",
        "facts are counted twice by a backfill",
        "a feature is computed differently live than for training",
    ),
    cause="rows that are no facts come with the facts",
    mend=mend,
    decoy=decoy,
    decoy_is="restart the servers",
    resembles="Unity, 2022: a model learned from one customer's bad data (its quarterly report)",
    alter=alter,
)
