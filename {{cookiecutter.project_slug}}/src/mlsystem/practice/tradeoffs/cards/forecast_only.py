"""Card: of the world outside, only what was known a day before may be used. The check hides the last day and looks."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.contract.features import View
from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine
from mlsystem.features import build, compute
from mlsystem.practice.tradeoffs.cards import state
from mlsystem.practice.tradeoffs.cards.card import Card, Target, Terms
from mlsystem.settings import Settings

AHEAD = timedelta(hours=24)
WINDOW = timedelta(hours=6)  # of feature rows that are computed both ways, in the middle of a day


def world_table() -> str | None:
    """A table that describes the world rather than the process: observed at an instant, asked by nobody, and neither
    the label nor what windows slide over; with features made from it."""
    process = {PROBLEM.asked_of, PROBLEM.label.table, *(facts.table for facts in PROBLEM.facts)}
    observed = [t.name for t in PROBLEM.tables if any(rule.kind == "not_before" for rule in t.rules)]
    return next((name for name in observed if name not in process and features_of(name)), None)


def features_of(table: str) -> dict[str, list[str]]:
    """By input view: the features that are made from the table."""
    found = {
        view.name: [f.name for f in view.features if table in (f.tables or view.tables)]
        for view in PROBLEM.views
        if view.is_input
    }
    return {name: features for name, features in found.items() if features}


def deal(settings: Settings, seed: int) -> dict[str, Any]:
    """Raises NothingToChange."""
    table = world_table()
    if table is None:
        raise state.NothingToChange("no table of this domain describes the world outside; deal another card")
    return {"table": table, "hours": AHEAD / timedelta(hours=1), "views": [*features_of(table)]}


def said(terms: Terms) -> str:
    return (
        f"The table `{terms['table']}` says what was observed, an hour or less ago. When we are asked for real, all "
        f"that we can buy is a forecast that was made {terms['hours']:.0f} hours before. Use of it only what was known "
        f"so long before the moment of prediction, or do without it."
    )


def check(settings: Settings, terms: Terms) -> list[Target]:
    days = storage.Partitions(settings.validated_dir / PROBLEM.asked_of).days()
    day = days[len(days) // 2]
    return [
        *(unobserved(view, day, terms["table"], settings) for view in PROBLEM.views if view.is_input),
        rebuilt(day, settings),
        state.present_champion(settings),
    ]


def unobserved(view: View, day: date, table: str, settings: Settings) -> Target:
    """The view's rows around noon are the same if the table's last day had never come."""
    noon = datetime.combine(day, time(12), UTC)
    facts = build.read_facts(day - timedelta(days=1), day, settings.validated_dir)
    rows, hidden = (_rows(view, f, noon) for f in (facts, without_last_day(facts, table, noon)))
    name = f"`{view.name}` does not look at what `{table}` observed within the last day"
    changed = _different(rows, hidden)
    return Target(name, changed == 0, f"{changed:,} of {rows.num_rows:,} feature rows are others without it")


def without_last_day(facts: dict[str, pa.Table], table: str, until: datetime) -> dict[str, pa.Table]:
    """The facts, had all of the table that became known less than a day before `until` not come."""
    if table not in facts:
        return facts
    is_old = pc.less_equal(facts[table]["known_at"], pa.scalar(until - AHEAD, pa.timestamp("us", "UTC")))
    return facts | {table: facts[table].filter(is_old)}


def rebuilt(day: date, settings: Settings) -> Target:
    """The stored features of a day are what the present SQL makes of the present facts."""
    wanted = build.fingerprints([day], settings.validated_dir)[day]
    old = [
        v.name for v in PROBLEM.views if storage.Partitions(settings.features_dir / v.name).fingerprint(day) != wanted
    ]
    return Target("the stored features are those of the present SQL", not old, f"others: {', '.join(old) or 'none'}")


def _rows(view: View, facts: dict[str, pa.Table], noon: datetime) -> pa.Table:
    """What the view says at noon and the hours before: within them, no fact of the last day can be of use."""
    with Engine() as engine:
        compute.load_facts(engine, facts)
        return compute.compute(engine, view, noon - WINDOW, noon)


def _different(rows: pa.Table, others: pa.Table) -> int:
    """How many rows of the one the other has not."""
    known = {repr(row) for row in others.to_pylist()}
    return sum(repr(row) not in known for row in rows.to_pylist())


CARD = Card(
    "forecast-only",
    "Only what was known a day before",
    60,
    said,
    (
        "Each view's rows of one noon, computed by your SQL twice: from all facts, and without the table's last day.",
        "Whether the stored features of that day are of the present SQL.",
        "Whether the champion is of the present code and data.",
    ),
    deal,
    check,
)
