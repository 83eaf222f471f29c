"""The domain's rules for one event, as it comes from the log: before it counts, not after.

Great Expectations translates the same declarations for days of rows (validation/expectations.py); it takes seconds to
import and milliseconds a rule, which a stream has not. tests/rooms/test_event_validation.py compares the two.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from mlsystem.contract.tables import Rule
from mlsystem.domain import PROBLEM

RULES = {table.name: [rule for rule in table.rules if rule.severity == "critical"] for table in PROBLEM.tables}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z?)")
Key = tuple[str, tuple[Any, ...]]  # a rule and the values that no other event may have


class Refused(Exception):
    """An event that must not count, with the reason."""


class EventContract:
    """Reads events of the tables that the log knows. `schema` gives a table's columns, and raises if there is none."""

    def __init__(self, schema: Callable[[str], pa.Schema]) -> None:
        self._schema = schema
        self._readers: dict[str, dict[str, Callable[[Any], Any]]] = {}

    def keys(self, table: str, known_at: datetime, payload: object, has_counted: bool = False) -> list[Key]:
        """What no other event may share with this one. Raises Refused, unless it `has_counted`: rules change."""
        if table not in RULES:
            raise Refused("no such table is declared")
        row = self._typed(table, _object(payload))
        for rule in () if has_counted else RULES[table]:
            if not _holds(rule, row):
                raise Refused(f"{rule.name}: {rule.reason}")
        if not has_counted and row.get("known_at", known_at) != known_at:
            raise Refused("the record and its payload do not agree about when it became known")
        unique = [rule for rule in RULES[table] if rule.kind == "unique"]
        return [(rule.name, tuple(row[name] for name in rule.columns)) for rule in unique]

    def _typed(self, table: str, said: Mapping[str, Any]) -> dict[str, Any]:
        if table not in self._readers:
            self._readers[table] = {column.name: _reader(column.type) for column in self._schema(table)}
        readers = self._readers[table]
        if said.keys() != readers.keys():
            wrong = sorted(said.keys() ^ readers.keys())
            raise Refused(f"columns are missing or unknown: {', '.join(map(repr, wrong[:5]))}"[:200])
        row = {}
        for name, read in readers.items():
            try:
                row[name] = None if said[name] is None else read(said[name])
            except (ValueError, TypeError, OverflowError):
                raise Refused(f"{name} is not of its type") from None
        return row


def _object(payload: object) -> dict[str, Any]:
    """One line with one object, each key once. Raises Refused."""
    if not isinstance(payload, str) or "\n" in payload or "\r" in payload:
        raise Refused("not one line of text")
    try:
        said = json.loads(payload, object_pairs_hook=_once, parse_constant=_no_constant)
        payload.encode()
    except (ValueError, RecursionError):
        raise Refused("not JSON") from None
    if not isinstance(said, dict):
        raise Refused("not an object")
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is said twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _reader(kind: pa.DataType) -> Callable[[Any], Any]:
    """Reads a JSON value as Arrow would; raises ValueError or TypeError for what Arrow would not take."""
    if pa.types.is_timestamp(kind):
        return lambda said: _moment(said, has_zone=kind.tz is not None)
    if pa.types.is_date(kind):
        return _day
    if pa.types.is_floating(kind):
        return _number
    if pa.types.is_boolean(kind):
        return lambda said: _is(bool, said)
    if pa.types.is_integer(kind):
        return lambda said: _integer(said, kind.bit_width)
    return _text


def _is(kind: type, said: Any) -> Any:
    if type(said) is not kind:
        raise TypeError(said)
    return said


def _text(said: Any) -> str:
    text: str = _is(str, said)
    text.encode()  # half of a surrogate pair is a ValueError
    return text


def _moment(said: Any, has_zone: bool) -> datetime:
    found = MOMENT.fullmatch(_is(str, said))
    if found is None or bool(found[2]) != has_zone:
        raise ValueError(said)
    return datetime.fromisoformat(said)


def _day(said: Any) -> date:
    if len(_is(str, said)) != len("2000-01-01"):
        raise ValueError(said)
    return date.fromisoformat(said)


def _integer(said: Any, bits: int) -> int:
    number: int = _is(int, said)
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise ValueError(said)
    return number


def _number(said: Any) -> float:
    number = float(said if type(said) is int else _is(float, said))
    if not math.isfinite(number):
        raise ValueError(said)
    return number


def _holds(rule: Rule, row: Mapping[str, Any]) -> bool:
    """Of one row; what is not there breaks `not_null` alone. `unique` is a rule between rows."""
    first, *others = (row[name] for name in rule.columns)
    if rule.kind == "not_null":
        return first is not None
    if first is None or None in others:
        return True
    match rule.kind:
        case "between":
            return bool(rule.arguments["min_value"] <= first <= rule.arguments["max_value"])
        case "in_set":
            return first in rule.arguments["value_set"]
        case "matches":
            return re.search(rule.arguments["regex"], first) is not None
        case "not_before":
            return bool(first >= others[0])
    return True
