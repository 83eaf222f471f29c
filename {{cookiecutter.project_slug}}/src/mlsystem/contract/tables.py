"""The rows that a day delivers: raw files, tables, and the rules that their rows must keep."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

Severity = Literal["warning", "critical"]
RuleKind = Literal["not_null", "unique", "between", "in_set", "matches", "not_before"]
CellType = Literal["text", "integer", "number", "instant", "time zone"]


class SourceMissing(RuntimeError):
    """The raw files are not there, and cannot be made: a sentence with the next step."""


@dataclass(frozen=True)
class Rule:
    """One expectation. A critical breach sends the row to quarantine, or stops the day if the table is `days`.

    A warning is recorded and lets the row pass. `reason` completes the sentence "this is wrong because ...".
    """

    kind: RuleKind
    columns: tuple[str, ...]
    severity: Severity
    reason: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{'+'.join(self.columns)}:{self.kind}"


def not_null(*columns: str) -> tuple[Rule, ...]:
    return tuple(Rule("not_null", (column,), "critical", f"{column} is missing") for column in columns)


def between(column: str, low: float, high: float, severity: Severity, reason: str) -> Rule:
    return Rule("between", (column,), severity, reason, {"min_value": low, "max_value": high})


def known_after(column: str) -> Rule:
    """A fact that is known before it happens would be the future, served as the past."""
    return Rule("not_before", ("known_at", column), "critical", f"known before {column}")


@dataclass(frozen=True)
class Table:
    """What sql/source_<name>.sql makes of the raw files; every table has `service_date` and `known_at`.

    `key` identifies a row. `outcomes` are columns that later tables need and no reader of this one may see: they are
    dropped before delivery. `silent_from`: so many facts overdue since the last one came say that the delivery has
    stopped (the freshness view); 0 if nobody looks.
    """

    name: str
    grain: str
    key: str
    rules: tuple[Rule, ...]
    outcomes: tuple[str, ...] = ()
    silent_from: int = 0


@dataclass(frozen=True)
class RawFile:
    """What the SQL reads of a raw file, and what a cell may be: any other line cannot be read, and is set aside.

    `service_date` is SQL for the line's day, if it has one; `limits` are the ends between which an integer lies.
    """

    columns: Mapping[str, CellType]
    service_date: str | None = None
    limits: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """Where the raw files come from.

    `find(folder, seed)` gives the path of each raw file by its name in the SQL. It may make them in `folder`, which
    is the project's own, and then only once; it raises SourceMissing. `lookups` are small tables, of columns by name.
    """

    files: Mapping[str, RawFile]
    find: Callable[[Path, int], Mapping[str, Path]]
    missing: Sequence[str] = ("",)  # cells that say nothing
    lookups: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What windows slide over: `$rolling_<name>` in a view's SQL, and the table `<name>_versions`.

    A fact happened at the column `instant`. Each window has the mean of `number`, an integer column, the share of facts
    for which the SQL condition `flag` holds, and their count. A fact that becomes known more than `late_by` after it
    happened never counts.
    """

    name: str
    table: str
    instant: str
    number: str
    flag: str
    late_by: timedelta = timedelta(hours=24)
