"""The one transformation code: a view's SQL over whatever facts it is given. Offline and online both come here."""

from collections.abc import Mapping
from datetime import datetime
from string import Template

import pyarrow as pa

from mlsystem.domain import adapter
from mlsystem.domain.features import View
from mlsystem.engine import Engine

TICK_ORIGIN = datetime(2000, 1, 1)
# What each $name in the domain's SQL stands for: the facts that a view's windows slide over.
VERSIONS = {
    "departure_versions": {"table": "departures", "instant": "departed_at", "delay": "departure_delay_minutes"},
    "arrival_versions": {"table": "arrivals", "instant": "arrived_at", "delay": "arrival_delay_minutes"},
}


def compute(engine: Engine, view: View, after: datetime, until: datetime) -> pa.Table:
    """The view's rows with `after` < event_timestamp <= `until`: one per key and tick, or per key and new fact.

    `engine` must hold the view's tables (those that `load_facts` makes) with every fact of the longest window.
    The same facts give the same rows whatever span is asked for, so a year equals its days.
    """
    engine.register({"ticks": ticks(view, after, until)})
    bounds = f"event_timestamp > {_literal(after)} AND event_timestamp <= {_literal(until)}"
    order = ", ".join(("event_timestamp", *view.keys))
    return engine.query(f"SELECT * FROM ({view_sql(view)}) AS rows WHERE {bounds} ORDER BY {order}")


def load_facts(engine: Engine, tables: Mapping[str, pa.Table]) -> None:
    """Register validated tables and the versions of their facts, which every view reads."""
    engine.register(tables)
    versions = adapter.sql("versions")
    for name, parts in VERSIONS.items():
        if parts["table"] in tables:
            engine.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {Template(versions).substitute(parts)}")


def ticks(view: View, after: datetime, until: datetime) -> pa.Table:
    """The instants at which the view is computed, after `after` and up to `until`; none if facts are its clock."""
    instants = []
    if view.refresh is not None:
        origin = TICK_ORIGIN.replace(tzinfo=after.tzinfo)
        first = origin + ((after - origin) // view.refresh + 1) * view.refresh
        instants = [first + n * view.refresh for n in range(max(0, (until - first) // view.refresh + 1))]
    return pa.table({"tick_at": pa.array(instants, pa.timestamp("us", tz="UTC"))})


def view_sql(view: View) -> str:
    """The whole text that computes a view, with the shared window text in its place."""
    windows = sorted({feature.window_hours for feature in view.features if feature.window_hours})
    shared = {"keys": ", ".join(view.keys), "windows": ", ".join(f"({hours})" for hours in windows)}
    rolling = Template(adapter.sql("rolling"))
    return Template(adapter.sql(view.name)).substitute(
        rolling_departures=rolling.substitute(shared, facts="departure_versions"),
        rolling_arrivals=rolling.substitute(shared, facts="arrival_versions"),
    )


def _literal(instant: datetime) -> str:
    return f"TIMESTAMP WITH TIME ZONE '{instant.isoformat()}'"
