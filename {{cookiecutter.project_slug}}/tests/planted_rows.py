"""Rows with a planted fault: values that break a declared rule, whatever the domain's tables are."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pyarrow as pa

from mlsystem.contract.tables import Rule, Table
from mlsystem.domain import PROBLEM

Change = Callable[[pa.Table], pa.Table]
NO_SUCH_VALUE, ANOTHER = "??", "ZZ"  # in no set of values
# The rule that stops a day of which too many rows were refused; None if the domain has none.
TOO_MANY_REFUSED = next(
    (r for r in PROBLEM.days.rules if r.severity == "critical" and r.columns == ("quarantined_share",)), None
)


def breaking(rule: Rule, row: Mapping[str, Any]) -> dict[str, Any]:
    """What to change in a row so that it breaks the rule; `unique` is a rule between rows, and has no such change."""
    column = rule.columns[0]
    match rule.kind:
        case "not_null":
            return {column: None}
        case "in_set":
            return {column: NO_SUCH_VALUE}
        case "matches":
            texts = ("?", "", "a b", "a" * 99)
            return {column: next(text for text in texts if not re.search(rule.arguments["regex"], text))}
        case "between":
            return {column: rule.arguments["max_value"] + 1}
        case "not_before":
            return {column: row[rule.columns[1]] - timedelta(minutes=1)}
    raise ValueError(f"no single row breaks {rule.name}")


def with_key_of_its_own(table: Table, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The row with a key that no other has, and that keeps the rule which its column may have to match."""
    key, matches = row[table.key], any((r.kind, r.columns) == ("matches", (table.key,)) for r in table.rules)
    if not isinstance(key, str):
        return {**row, table.key: 2_000_000_000 + number}
    digits = re.search(r"[0-9]*$", key)[0] if matches else ""  # type: ignore[index]
    own = f"{key.removesuffix(digits)}{10 ** len(digits) - 1 - number}" if digits else f"planted {number}"
    return {**row, table.key: own}


def lone_rules(table: Table) -> Iterator[Rule]:
    """Of each kind the first critical rule that a row can break without breaking another one."""
    kinds = set()
    critical = [rule for rule in table.rules if rule.severity == "critical"]
    for rule in critical:
        others = [one for one in critical if one is not rule and rule.columns[0] in one.columns]
        is_alone = rule.kind in ("not_null", "not_before") or all(one.kind == "not_null" for one in others)
        is_named = rule.kind == "not_null" and rule.columns[0] in (table.key, "known_at", "service_date")
        if rule.kind != "unique" and rule.kind not in kinds and is_alone and not is_named:
            kinds.add(rule.kind)
            yield rule


def rule_of(kind: str, severity: str = "critical") -> tuple[Table, Rule]:
    """The first such rule of the domain, with its table."""
    return next((t, r) for t in PROBLEM.tables for r in t.rules if (r.kind, r.severity) == (kind, severity))


def harmless_warning() -> tuple[Table, Rule] | None:
    """A rule whose breach is only recorded: a range that is narrower than what is critical; None if there is none."""
    for table in PROBLEM.tables:
        ranges = [rule for rule in table.rules if rule.kind == "between"]
        ends = {rule.columns: rule.arguments["max_value"] for rule in ranges if rule.severity == "critical"}
        for rule in ranges:
            if rule.severity == "warning" and rule.arguments["max_value"] < ends.get(rule.columns, float("inf")):
                return table, rule
    return None


def with_values(column: str, values: Mapping[int, object]) -> Change:
    """Put other values into some rows of a column."""

    def change(rows: pa.Table) -> pa.Table:
        old = rows[column].to_pylist()
        new = pa.array([values.get(number, value) for number, value in enumerate(old)], rows.schema.field(column).type)
        return rows.set_column(rows.schema.get_field_index(column), column, new)

    return change
