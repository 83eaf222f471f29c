"""Questions for tests, made from the domain's declarations and rows: nothing here knows what they are about."""

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from statistics import median
from typing import Any

import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.contract.features import View
from mlsystem.contract.question import Field, Question
from mlsystem.contract.tables import Table
from mlsystem.domain import PROBLEM
from mlsystem.replay.replay import as_question
from mlsystem.replay.timeline import questions_of
from mlsystem.settings import Settings
from mlsystem.source.deliver import read_year

EXAMPLE: dict[str, Any] = {field.name: field.example for field in PROBLEM.fields}
NOW = PROBLEM.example.as_of  # the store of the serving tests is loaded as of this moment
DAY = PROBLEM.held_out[0] + (PROBLEM.held_out[1] - PROBLEM.held_out[0]) // 2  # that no model learned from
# Three such days, the newest first.
DAYS = tuple(PROBLEM.held_out[0] + (PROBLEM.held_out[1] - PROBLEM.held_out[0]) * n // 4 for n in (3, 2, 1))
WINDOWED = {feature.name for feature in PROBLEM.stored_features if feature.window_hours}
EXPECTED = tuple(view for view in PROBLEM.views if view.is_expected and view.is_input)
SHORTEST_LIVED = min(EXPECTED, key=lambda view: view.ttl)
LONGEST_LIVED = max(EXPECTED, key=lambda view: view.ttl)
CHOSEN = next(field for field in PROBLEM.fields if field.choices)  # a field with choices, and the column of a model
MOVES = tuple(timedelta(hours=hours) for hours in (-24, -12, 12, 24))
# A whole number, which is no key of a view; None if a caller says no such thing.
COUNTED = next((field for field in PROBLEM.fields if field.type == "integer"), None)


def fields(*types: str) -> list[Field]:
    return [field for field in PROBLEM.fields if field.type in types]


def varied(number: int, **changes: Any) -> list[dict[str, Any]]:
    """So many questions with the example's keys, so that the store knows as much of each, and each with its own id."""
    return [EXAMPLE | _numbered(n) | _counted(n) | changes for n in range(number)]


def _counted(number: int) -> dict[str, int]:
    """The whole number, if the domain has one, so far above its minimum as its ends allow."""
    if COUNTED is None:
        return {}
    least, most = int(COUNTED.minimum or 0), int(COUNTED.maximum or 0)
    return {COUNTED.name: least + number % (most - least + 1)}


def _numbered(number: int) -> dict[str, Any]:
    """Each text that ends in digits and is no key of a view, with the number in their place."""
    found = {}
    for field in fields("text"):
        digits = re.search(r"[0-9]+$", field.example) if field.pattern and field.name not in PROBLEM.keys else None
        if digits:
            width = len(digits[0])
            found[field.name] = f"{field.example[: digits.start()]}{number % 10**width:0{width}}"
    return found


def unseen(field: Field) -> str:
    """A value of a field with a pattern that no row has, as far as one can guess: of the last letters and digits."""
    guesses = (re.sub("[A-Z]", "Z", re.sub("[0-9]", "9", field.example)), re.sub("[0-9]", "9", field.example))
    return next(one for one in guesses if one != field.example and re.search(field.pattern or "", one))


def contradictions() -> list[tuple[dict[str, Any], str]]:
    """Questions that contradict themselves, each with the sentence that says how."""
    names = [field.name for field in fields("instant")]
    moved = [EXAMPLE | dict(zip(names, [EXAMPLE[name] for name in reversed(names)], strict=True))]
    moved += [EXAMPLE | {name: moment(EXAMPLE[name], by)} for name in names for by in MOVES]
    moved += [EXAMPLE | {"as_of": (PROBLEM.example.due_at + timedelta(days=1)).isoformat()}]
    said = [(body, PROBLEM.impossible(as_said(body))) for body in moved]
    return [(body, sentence) for body, sentence in said if sentence]


def moment(text: str, by: timedelta) -> str:
    """The instant that much later."""
    return (datetime.fromisoformat(text) + by).isoformat()


def elsewhere(body: dict[str, Any] = EXAMPLE) -> dict[str, Any]:
    """The question with another of each choice that there is."""
    others = {one.name: one.choices[(one.choices.index(body[one.name]) + 1) % len(one.choices)] for one in chosen()}
    return body | others


def chosen() -> list[Field]:
    return [field for field in PROBLEM.fields if field.choices]


def too_old(view: View) -> str:
    """How an answer says that the view's row was past its time to live."""
    return f"{view.name} is older than {view.ttl / timedelta(hours=1):g} h"


def shifted(by: timedelta, **changes: Any) -> dict[str, Any]:
    """The example with all its instants moved."""
    moved = {field.name: moment(field.example, by) for field in fields("instant")}
    return EXAMPLE | moved | changes


def asked_earlier(by: timedelta) -> dict[str, Any]:
    """The example asked so much earlier; if it cannot be asked then, with all its instants moved."""
    body = EXAMPLE | {"as_of": (NOW - by).isoformat()}
    return body if PROBLEM.impossible(as_said(body)) is None else shifted(-by)


def as_body(question: Question, **changes: Any) -> dict[str, Any]:
    return as_question(question) | changes


@cache
def asked_on(built: Settings, day: date) -> list[Question]:
    """The real questions of a day, in the order in which they are asked."""
    return questions_of(day, built.validated_dir)


def quiet_day(built: Settings) -> date:
    """The held-out day with the fewest questions, of those that have at least half as many as is usual."""
    days = storage.day_range(*PROBLEM.held_out)
    rows = {day: storage.Partitions(built.validated_dir / PROBLEM.asked_of).rows(day) for day in days}
    return min((day for day in days if rows[day] >= median(rows.values()) / 2), key=rows.__getitem__)


def asked_at_now(built: Settings, number: int) -> list[dict[str, Any]]:
    """So many real questions that can be asked at NOW: those that came due last before it."""
    due = [one for one in asked_on(built, PROBLEM.example.service_date) if one.usual_as_of <= NOW]
    bodies = [as_body(one, as_of=NOW.isoformat()) for one in due if PROBLEM.impossible(at(one, NOW)) is None]
    assert len(bodies) >= number
    return bodies[-number:]


def at(question: Question, moment: datetime) -> Question:
    """The same question, asked at another moment."""
    return PROBLEM.question(asked_at=moment, **{field.name: getattr(question, field.name) for field in PROBLEM.fields})


def as_said(body: dict[str, Any]) -> Question:
    """The question that a caller's body is about."""
    instants = {field.name for field in fields("instant")} | {"as_of"}
    said = {name: datetime.fromisoformat(value) if name in instants else value for name, value in body.items()}
    return PROBLEM.question(asked_at=said.pop("as_of", None), **said)


def view_of(name: str) -> View:
    return next(view for view in PROBLEM.views if view.name == name)


def by_name(one: Any) -> str:
    """The id of a test about a table, a view or a field."""
    return str(one.name)


def rows_between_the_days(table: Table) -> int:
    """Of what the raw files hold, the rows of the problem's days: a late label can be of a day after them."""
    dates = read_year()[table.name]["service_date"]
    inside = pc.and_(pc.greater_equal(dates, PROBLEM.first_day), pc.less_equal(dates, PROBLEM.last_day))
    return int(pc.sum(inside).as_py() or 0)


def reach_of_source() -> tuple[date, date]:
    """The first and the last day of which the raw files have any row."""
    ends = [pc.min_max(rows["service_date"]).as_py() for rows in read_year().values() if rows.num_rows]
    return min(end["min"] for end in ends), max(end["max"] for end in ends)


def clock_changes() -> list[date]:
    """The days of the data on which the domain's clock is put forward or back."""
    days = [PROBLEM.first_day + timedelta(days=n) for n in range((PROBLEM.last_day - PROBLEM.first_day).days + 1)]
    return [day for day in days if _offset(day) != _offset(day + timedelta(days=1))]


def _offset(day: date) -> timedelta | None:
    return datetime.combine(day, time(), PROBLEM.zone).utcoffset()
