"""What late facts change: the rows that should have been pushed, and those that should not."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from mlsystem.contract.features import View
from mlsystem.domain import PROBLEM
from mlsystem.features.recent import RecentFacts

NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # a row of this moment is missing to every question: Feast's own "no row"


def corrections(
    recent: RecentFacts, facts: Mapping[str, pa.Table], since: datetime, until: datetime
) -> dict[str, pa.Table]:
    """By view, the newest row as of `until` of each key whose row may have changed since `since`.

    Takes the facts in and moves the clock. `since` is when the earliest of them became known; older rows stand.
    A key's newest row can also vanish, as when a newer fact takes its place: the one before it is given, or, if
    there is none, a row that says that nothing is known.
    """
    just_before = since - timedelta(microseconds=1)
    had = recent.rows_since(just_before)
    for name, rows in facts.items():
        recent.add(name, rows)
    recent.advance(until)
    has = recent.rows_since(until - timedelta(days=PROBLEM.lookback_days))
    return {view.name: _changed(view, had.get(view.name), has.get(view.name), since) for view in PROBLEM.views}


def _changed(view: View, had: pa.Table | None, has: pa.Table | None, since: datetime) -> pa.Table:
    schema = (had or has or pa.table({"event_timestamp": pa.array([], pa.timestamp("us", "UTC"))})).schema
    newest, held = _newest_by_key(view, has), _newest_by_key(view, had)
    changed = [row for key, row in newest.items() if row["event_timestamp"] >= since or key in held]
    gone = [_nothing(view, row) for key, row in held.items() if key not in newest]
    return pa.Table.from_pylist(changed + gone, schema=schema)


def _newest_by_key(view: View, rows: pa.Table | None) -> dict[tuple, dict]:
    """Rows come in the order of their event_timestamp, so the last of each key stays."""
    if rows is None:
        return {}
    return {tuple(row[key] for key in view.join_keys): row for row in rows.to_pylist()}


def _nothing(view: View, row: dict) -> dict:
    """A row that no question sees; the store cannot delete, and Feast refuses to write a row of nothing but nulls."""
    return row | {"event_timestamp": NEVER}
