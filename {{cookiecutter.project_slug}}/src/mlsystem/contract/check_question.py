"""What is wrong with a declared question: its fields, their examples, the moments that follow, as sentences."""

import dataclasses
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from operator import attrgetter

from mlsystem.contract.check_wording import doubled, listed, none_of, tried
from mlsystem.contract.problem import Problem
from mlsystem.contract.question import Field, FieldType


def faults(problem: Problem) -> Iterator[str]:
    """Its fields, and the question that their examples make."""
    declared = [field.name for field in problem.fields]
    if not dataclasses.is_dataclass(problem.question):
        yield f"question.py: {problem.question!r} is no dataclass of the fields; expected is a class under @dataclass"
        return
    held = [one.name for one in dataclasses.fields(problem.question) if not one.kw_only]
    yield from doubled("question.py", "field", declared)
    if held != declared:
        yield f"question.py: FIELDS are {listed(declared)}, those of the class {listed(held)}; make both equal"
        return
    found = [fault for field in problem.fields for fault in _example(field)]
    yield from found or _moments(problem)


def _example(field: Field) -> Iterator[str]:
    where, value = f"question.py: the field {field.name}", field.example
    if unknown := list(none_of(where, field.type, FieldType)):
        yield from unknown
        return
    match field.type:
        case "text":
            if field.choices and value not in field.choices:
                yield f"{where} has the example {value!r}, which is none of its choices"
            elif field.pattern and not re.search(field.pattern, str(value)):
                yield f"{where} has the example {value!r}, which does not match {field.pattern}"
            elif not (field.choices or field.pattern):
                yield f"{where} has neither choices nor a pattern; a caller could send anything"
        case "instant":
            try:
                aware = datetime.fromisoformat(value).tzinfo is not None
            except (TypeError, ValueError):
                aware = False
            if not aware:
                yield f"{where} has the example {value!r}; expected is an instant with its offset: 2000-01-31T21:00:00Z"
        case _:
            if field.minimum is None or field.maximum is None:
                yield f"{where} has no minimum or no maximum; both are needed"
            elif not isinstance(value, int | float) or not field.minimum <= value <= field.maximum:
                yield f"{where} has the example {value!r}; expected is {field.minimum} to {field.maximum}"


def _moments(problem: Problem) -> Iterator[str]:
    """The example's own id, days and moments, and that it does not contradict itself."""
    wanted: dict[str, type] = {"id": str, "service_date": date, "usual_as_of": datetime, "due_at": datetime}
    where = f"question.py: {problem.question.__name__}"
    for name, kind in wanted.items():
        value, fault = tried(partial(attrgetter(f"example.{name}"), problem))
        if fault or not isinstance(value, kind):
            yield f"{where}.{name} of the example gives {fault or repr(value)}; expected is a {kind.__name__}"
            return
    named = getattr(problem.example, problem.id_column, problem.example.id)
    if problem.example.id != named:
        yield f"{where}.id of the example gives {problem.example.id!r}; its {problem.id_column} is {named!r}"
    if problem.example.due_at < problem.example.as_of:
        yield f"{where}: the example is due at {problem.example.due_at}, asked at {problem.example.as_of}"
    said, fault = tried(lambda: problem.impossible(problem.example))
    if fault or said is not None:
        yield f"question.py: impossible() of the example gives {fault or repr(said)}; expected is None"
