"""The one transformation code: a view's SQL over whatever facts it is given. Offline and online both come here."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from string import Template

import pyarrow as pa

from mlsystem.contract.features import EVERYTHING, View
from mlsystem.contract.problem import Problem
from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine

FIRST_TICK = datetime(2000, 1, 1)
SQL = Path(__file__).parent / "sql"


def compute(engine: Engine, view: View, after: datetime, until: datetime) -> pa.Table:
    """The view's rows with `after` < event_timestamp <= `until`: one per key and tick, or per key and new fact.

    `engine` must hold the view's tables (those that `load_facts` makes) with every fact of the longest window.
    The same facts give the same rows whatever span is asked for, so a year equals its days.
    """
    engine.register({"ticks": ticks(view, after, until)})
    bounds = f"event_timestamp > {_literal(after)} AND event_timestamp <= {_literal(until)}"
    order = ", ".join(("event_timestamp", *view.join_keys))
    columns = "*" if view.keys else f"'{EVERYTHING}' AS {EVERYTHING}, *"
    return engine.query(f"SELECT {columns} FROM ({view_sql(view)}) AS rows WHERE {bounds} ORDER BY {order}")


def load_facts(engine: Engine, tables: Mapping[str, pa.Table]) -> None:
    """Register validated tables and the versions of their facts, which every view reads."""
    engine.register(tables)
    for name, text in versions_sql().items():
        if PROBLEM.fact[name].table in tables:
            engine.execute(f"CREATE OR REPLACE TEMP VIEW {name}_versions AS {text}")


def versions_sql(problem: Problem = PROBLEM) -> dict[str, str]:
    """By the name of the facts: the text that makes their versions, which every window slides over."""
    text = Template((SQL / "versions.sql").read_text(encoding="utf-8"))
    return {
        one.name: text.substitute(
            table=one.table,
            key=problem.table[one.table].key,
            instant=one.instant,
            number=one.number,
            flag=one.flag,
            late_by=round(one.late_by.total_seconds()),
        )
        for one in problem.facts
    }


def ticks(view: View, after: datetime, until: datetime) -> pa.Table:
    """The instants at which the view is computed, after `after` and up to `until`; none if facts are its clock."""
    instants = []
    if view.refresh is not None:
        begin = FIRST_TICK.replace(tzinfo=after.tzinfo)
        first = begin + ((after - begin) // view.refresh + 1) * view.refresh
        instants = [first + n * view.refresh for n in range(max(0, (until - first) // view.refresh + 1))]
    return pa.table({"tick_at": pa.array(instants, pa.timestamp("us", tz="UTC"))})


def view_sql(view: View, problem: Problem = PROBLEM) -> str:
    """The whole text that computes a view, with the shared window text in its place."""
    windows = sorted({feature.window_hours for feature in view.features if feature.window_hours})
    shared = {"keys": ", ".join(view.join_keys), "windows": ", ".join(f"({hours})" for hours in windows)}
    rolling = Template((SQL / "rolling.sql").read_text(encoding="utf-8"))
    parts = {f"rolling_{one.name}": rolling.substitute(shared, facts=f"{one.name}_versions") for one in problem.facts}
    return Template(problem.sql_text(view.name)).substitute(problem.constants, **parts)


def _literal(instant: datetime) -> str:
    return f"TIMESTAMP WITH TIME ZONE '{instant.isoformat()}'"
