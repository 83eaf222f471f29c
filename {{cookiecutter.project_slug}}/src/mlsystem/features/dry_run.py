"""The domain's SQL run on empty tables, before any work: what is missing is told in a tenth of a second."""

import re
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import pyarrow as pa

from mlsystem.contract.features import View
from mlsystem.contract.problem import Problem
from mlsystem.contract.tables import Table
from mlsystem.engine import Engine, QueryFailed
from mlsystem.features.compute import versions_sql, view_sql
from mlsystem.source.raw import SQL_TYPES

ALWAYS = ("service_date", "known_at")  # columns of every table
NUMBER = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
FITTING = {  # what the column of a field or a feature may be
    "text": (pa.types.is_string, pa.types.is_large_string),
    "integer": (pa.types.is_integer,),
    "number": NUMBER,
    "count": NUMBER,
    "instant": (lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None,),
    "date": (pa.types.is_date,),
}
SAID = {"instant": "TIMESTAMPTZ", "date": "DATE", "text": "VARCHAR"}  # by SQL; the others are any of a number's


def faults(problem: Problem) -> Iterator[str]:
    """A sentence for each query that fails and each column that is declared and not made; none if there is none."""
    with Engine(threads=1) as engine:
        for look in (_source, _views, _days):
            found = list(look(problem, engine))
            yield from found
            if found:
                return


def _source(problem: Problem, engine: Engine) -> Iterator[str]:
    """Raw files -> tables."""
    engine.register({name: pa.table(dict(columns)) for name, columns in problem.source.lookups.items()})
    for file, raw in problem.source.files.items():
        columns = ", ".join(f"{name} {SQL_TYPES[kind]}" for name, kind in raw.columns.items())
        engine.execute(f"CREATE TABLE {file} ({columns})")
    for table in problem.tables:
        where = f"sql/source_{table.name}.sql"
        rows = yield from _made(engine, where, problem.sql_text(f"source_{table.name}"), table.name)
        if rows is None:
            return
        yield from _lacking(where, rows, _wanted(problem, table))
        kinds = {"service_date": "date", "known_at": "instant"}
        if table.name == problem.asked_of:
            kinds |= {field.name: field.type for field in problem.fields}
        yield from _unfitting(where, rows, kinds)
        if table.name == problem.label.table:
            yield from _label(problem, rows)
    for table in problem.tables:
        for column in table.outcomes:
            engine.execute(f"ALTER TABLE {table.name} DROP COLUMN IF EXISTS {column}")


def _wanted(problem: Problem, table: Table) -> Iterator[str]:
    """The columns that a table must have, whoever reads them."""
    yield from (table.key, *ALWAYS, *table.outcomes)
    yield from (column for rule in table.rules for column in rule.columns)
    for facts in problem.facts:
        if facts.table == table.name:
            yield from (facts.instant, facts.number)
    if table.name == problem.asked_of:
        yield from (field.name for field in problem.fields)
    if table.name == problem.label.table:
        yield from (problem.id_column, problem.label.column)


def _label(problem: Problem, rows: pa.Table) -> Iterator[str]:
    """Whether `is_true` takes the column: training gives it all values at once."""
    column = problem.label.column
    if column not in rows.column_names:
        return  # told already
    where = f"problem.py: is_true of the values of {column}"
    try:
        if len(problem.label.is_true(rows[column].to_pandas())) != 0:
            yield f"{where} gives more answers than there are values; expected is one of each"
    except Exception as wrong:  # a person's own code may raise anything
        yield f"{where} gives {type(wrong).__name__}: {wrong}; expected is an array of answers, one of each"


def _views(problem: Problem, engine: Engine) -> Iterator[str]:
    """Tables -> features."""
    engine.register({"ticks": pa.table({"tick_at": pa.array([], pa.timestamp("us", tz="UTC"))})})
    for name, text in versions_sql(problem).items():
        if (yield from _made(engine, f"problem.py: the facts {name!r}", text, f"{name}_versions")) is None:
            return
    for view in problem.views:
        try:
            text = view_sql(view, problem)
        except (KeyError, ValueError) as wrong:
            known = ", ".join(f"$rolling_{facts.name}" for facts in problem.facts)
            yield f"sql/{view.name}.sql has the placeholder {wrong}; expected are {known}, or one of the constants"
            continue
        rows = yield from _made(engine, f"sql/{view.name}.sql", text, f"{view.name}_rows")
        if rows is not None:
            wanted = {*view.keys, "event_timestamp", *(feature.name for feature in view.features)}
            yield from _lacking(f"sql/{view.name}.sql", rows, wanted)
            for name in sorted(set(rows.column_names) - wanted):
                yield f"sql/{view.name}.sql makes the column {name!r}, which features.py does not declare"
            kinds = {"event_timestamp": "instant", **{feature.name: feature.type for feature in view.features}}
            yield from _unfitting(f"sql/{view.name}.sql", rows, kinds)
            yield from _windows(view, problem)


def _windows(view: View, problem: Problem) -> Iterator[str]:
    """A window that no feature declares is never computed: what the SQL takes from it would be empty, and no error."""
    declared = {feature.window_hours for feature in view.features if feature.window_hours}
    asked = {int(hours) for hours in re.findall(r"\bwindow_hours\s*=\s*(\d+)", problem.sql_text(view.name))}
    for hours in sorted(asked - declared):
        known = ", ".join(map(str, sorted(declared))) or "none"
        yield f"sql/{view.name}.sql takes a window of {hours} hours; those that its features declare are {known}"


def _days(problem: Problem, engine: Engine) -> Iterator[str]:
    """The profile of each day."""
    engine.execute("CREATE TABLE quarantined (service_date DATE)")
    engine.execute("CREATE TABLE wanted (service_date DATE)")
    rows = yield from _made(engine, "sql/days.sql", problem.sql_text("days"), "profile")
    if rows is not None:
        yield from _lacking("sql/days.sql", rows, (c for rule in problem.days.rules for c in rule.columns))


def _made(engine: Engine, where: str, text: str, table: str) -> Generator[str, None, pa.Table | None]:
    """Run the query into a table; its rows, none, or a sentence."""
    try:
        engine.execute(f"CREATE TABLE {table} AS {text}")
        return engine.query(f"SELECT * FROM {table}")
    except QueryFailed as wrong:
        yield f"{where}: {str(wrong).splitlines()[0]}"
    return None


def _unfitting(where: str, rows: pa.Table, kinds: dict[str, Any]) -> Iterator[str]:
    """Columns whose SQL type is none of what they are declared to be."""
    for name, kind in kinds.items():
        if name in rows.column_names and not any(fits(rows.schema.field(name).type) for fits in FITTING[kind]):
            found, expected = rows.schema.field(name).type, SAID.get(kind, "a number")
            yield f"{where} makes {name!r} as {found}, which is declared as {kind}; expected is {expected}"


def _lacking(where: str, rows: pa.Table, wanted: Iterable[str]) -> Iterator[str]:
    for name in dict.fromkeys(wanted):
        if name not in rows.column_names:
            yield f"{where} makes no column {name!r}, which is declared; it makes {', '.join(rows.column_names)}"
