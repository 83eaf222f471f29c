"""Mistakes that show only when a domain's SQL is run on empty tables: what is changed, and what must be said of it."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mlsystem.contract.problem import Problem
from mlsystem.contract.tables import not_null
from mlsystem.domain import PROBLEM
from planting import ASKED, FACTS, TYPED, VIEW, WINDOWED, Planted, rule, the


def sql(folder: Path, name: str, change: Callable[[str], str]) -> Problem:
    """The domain with a copy of its SQL, of which one text is changed."""
    shutil.copytree(PROBLEM.sql, folder)
    path = folder / f"{name}.sql"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return replace(PROBLEM, sql=folder)


def selecting(columns: str, more: str = "") -> Callable[[str], str]:
    """Another select around the whole text."""
    return lambda text: f"SELECT {columns} FROM (\n{text}\n) AS rows {more}"


@dataclass(frozen=True)
class PlantedSql:
    name: str
    change: Callable[[str], str]
    said: tuple[str, ...]


SOURCE = f"source_{ASKED.name}"
WRITTEN: Mapping[str, PlantedSql] = {
    "SQL that is none": PlantedSql(SOURCE, lambda text: "SELEC 1", (f"sql/{SOURCE}.sql: Parser Error", "SELEC")),
    "a lookup that is not there": PlantedSql(
        SOURCE, selecting("*", "CROSS JOIN the_supplement"), (f"sql/{SOURCE}.sql: Catalog Error", "the_supplement")
    ),
    "a placeholder that nothing fills": PlantedSql(
        VIEW.name,
        lambda text: text + " -- $nothing",
        (f"sql/{VIEW.name}.sql has the placeholder 'nothing'", "expected are $rolling_"),
    ),
    "a table without its moment": PlantedSql(
        SOURCE, selecting("* EXCLUDE (known_at)"), (f"sql/{SOURCE}.sql makes no column 'known_at'", "it makes")
    ),
    "a moment without its zone": PlantedSql(
        SOURCE,
        selecting("* REPLACE (CAST(known_at AS TIMESTAMP) AS known_at)"),
        (f"sql/{SOURCE}.sql makes 'known_at' as timestamp", "declared as instant; expected is TIMESTAMPTZ"),
    ),
    "a field as text that is none": PlantedSql(
        SOURCE,
        selecting(f"* REPLACE (CAST({TYPED.name} AS VARCHAR) AS {TYPED.name})"),
        (
            f"sql/{SOURCE}.sql makes {TYPED.name!r} as string",
            f"declared as {TYPED.type}; expected is {'a number' if TYPED.type == 'integer' else 'TIMESTAMPTZ'}",
        ),
    ),
    "a column that no feature declares": PlantedSql(
        VIEW.name,
        selecting("*, 1 AS surplus"),
        (f"sql/{VIEW.name}.sql makes the column 'surplus'", "features.py does not declare"),
    ),
    "a feature that is not made": PlantedSql(
        VIEW.name,
        selecting(f"* EXCLUDE ({VIEW.features[0].name})"),
        (f"sql/{VIEW.name}.sql makes no column {VIEW.features[0].name!r}, which is declared", "it makes"),
    ),
    "a window that no feature declares": PlantedSql(
        WINDOWED.name,
        lambda text: f"{text}\n-- window_hours = 9999",
        (f"sql/{WINDOWED.name}.sql takes a window of 9999 hours", "declare are"),
    ),
    "a day without its profile": PlantedSql(
        "days", selecting("service_date"), ("sql/days.sql makes no column", "which is declared; it makes service_date")
    ),
}
RUN: Mapping[str, Planted] = {
    "a rule on a column that is not there": Planted(
        rule(*not_null("nowhere")), (f"sql/{SOURCE}.sql makes no column 'nowhere', which is declared", "it makes")
    ),
    "facts by a number that is not there": Planted(
        the(facts=(replace(FACTS, number="nowhere"), *PROBLEM.facts[1:])),
        (f"sql/source_{FACTS.table}.sql makes no column 'nowhere'", "it makes"),
    ),
    "facts with a condition that is none": Planted(
        the(facts=(replace(FACTS, flag="nowhere > 1"), *PROBLEM.facts[1:])),
        (f"problem.py: the facts {FACTS.name!r}: Binder Error", "nowhere"),
    ),
    "a label that takes no array": Planted(
        the(label=replace(PROBLEM.label, is_true=lambda value: value.no_such_method())),
        (f"problem.py: is_true of the values of {PROBLEM.label.column} gives AttributeError", "expected is an array"),
    ),
}
