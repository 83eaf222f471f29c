"""The live side of the one transformation code: a bounded buffer of recent facts and the rows they make."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem.contract.features import View
from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine
from mlsystem.features import compute


class RecentFacts:
    """The facts of the last few service dates, and a clock: `advance` moves it and gives every row made on the way.

    Holds what a day's features can depend on and no more. Facts may be added in any order, early, twice or corrected;
    after one that became known before the clock, `rows_since` says what has changed.
    """

    def __init__(self, facts: dict[str, pa.Table], clock: datetime) -> None:
        """`facts` are the tables that the views read, as known at `clock`."""
        self._facts = dict(facts)
        self._changed = set(facts)  # tables that the engine has not seen as they are
        self._engine = Engine(threads=1)  # a step's few rows: a second thread takes more than it gives
        self.clock = clock

    def add(self, table: str, rows: pa.Table) -> None:
        """Take new facts in."""
        if rows.num_rows:
            self._facts[table] = pa.concat_tables([self._facts[table], rows])
            self._changed.add(table)

    def advance(self, until: datetime) -> dict[str, pa.Table]:
        """Every view's rows with `clock` < event_timestamp <= `until`, by view name; views without rows left out."""
        made = self._rows([view for view in PROBLEM.views if self._is_due(view, until)], self.clock, until)
        self.clock = until
        return made

    def rows_since(self, after: datetime) -> dict[str, pa.Table]:
        """Every view's rows with `after` < event_timestamp <= `clock`, as the facts of now say they should have been.

        A fact that was late changes rows that `advance` gave before.
        """
        return self._rows(PROBLEM.views, after, self.clock)

    def forget(self) -> None:
        """Drop facts of service dates that no window can reach any more."""
        oldest = (self.clock - timedelta(days=PROBLEM.lookback_days + 1)).date()
        for name, rows in self._facts.items():
            self._facts[name] = rows.filter(pc.greater_equal(rows.column("service_date"), oldest)).combine_chunks()
        self._changed.update(self._facts)

    def _rows(self, views: Iterable[View], after: datetime, until: datetime) -> dict[str, pa.Table]:
        compute.load_facts(self._engine, {name: self._facts[name] for name in self._changed})
        self._changed.clear()
        made = {view.name: compute.compute(self._engine, view, after, until) for view in views}
        return {name: rows for name, rows in made.items() if rows.num_rows}

    def _is_due(self, view: View, until: datetime) -> bool:
        if view.refresh is not None:
            return compute.ticks(view, self.clock, until).num_rows > 0
        tables = [self._facts[name] for name in view.tables]
        return any(pc.max(_known_between(rows, self.clock, until)).as_py() for rows in tables if rows.num_rows)


def _known_between(rows: pa.Table, after: datetime, until: datetime) -> pa.ChunkedArray:
    known = rows.column("known_at")
    return pc.and_(pc.greater(known, after), pc.less_equal(known, until))
