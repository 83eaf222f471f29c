"""How a mistake is planted in the domain that is there, and what must be said of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from mlsystem.contract.features import Feature, View
from mlsystem.contract.problem import Problem
from mlsystem.contract.question import Field
from mlsystem.contract.tables import Rule, Table
from mlsystem.domain import PROBLEM

VIEW = next(view for view in PROBLEM.views if view.is_input and view.keys)
NUMBER = next(feature for feature in PROBLEM.request_features if not feature.categories and not feature.age_of)
CATEGORY = next(feature for feature in PROBLEM.request_features if feature.categories)
TEXT = next(field for field in PROBLEM.fields if field.type == "text")
INSTANT = next(field for field in PROBLEM.fields if field.type == "instant")
TYPED = next((field for field in PROBLEM.fields if field.type == "integer"), INSTANT)  # of a type that no text has
ASKED, LABELS = PROBLEM.table[PROBLEM.asked_of], PROBLEM.table[PROBLEM.label.table]
FILE, RAW = next(iter(PROBLEM.source.files.items()))
FACTS = PROBLEM.facts[0]
WINDOWED = next(view for view in PROBLEM.views if any(feature.window_hours for feature in view.features))


@dataclass(frozen=True)
class Planted:
    """`said` are parts of the first sentence, the file before all."""

    problem: Callable[[], Problem]
    said: tuple[str, ...]


def the(**changes: Any) -> Callable[[], Problem]:
    return lambda: replace(PROBLEM, **changes)


def _among(all_of: tuple, old: Any, **changes: Any) -> tuple:
    return tuple(replace(one, **changes) if one is old else one for one in all_of)


def view(old: View = VIEW, **changes: Any) -> Callable[[], Problem]:
    return the(views=_among(PROBLEM.views, old, **changes))


def table(old: Table = ASKED, **changes: Any) -> Callable[[], Problem]:
    return the(tables=_among(PROBLEM.tables, old, **changes))


def rule(*rules: Rule) -> Callable[[], Problem]:
    return table(rules=(*ASKED.rules, *rules))


def field(old: Field, **changes: Any) -> Callable[[], Problem]:
    return the(fields=_among(PROBLEM.fields, old, **changes))


def request_feature(old: Feature, **changes: Any) -> Callable[[], Problem]:
    return the(request_features=_among(PROBLEM.request_features, old, **changes))


def question(**members: Any) -> Callable[[], Problem]:
    """The question's class with other members, for what its own code may do."""
    return the(question=type("Changed", (PROBLEM.question,), {name: property(one) for name, one in members.items()}))
