"""Where an average hides something: the parts of the questions that are measured by themselves, and the baseline's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Operator = Literal["<", ">", ">=", "<=", "=="]
Condition = tuple[str, Operator, float]  # a model column, an operator, a number


@dataclass(frozen=True)
class Categories:
    """A slice for each category of the column. `is_watched`: its law can change by itself, so drift is looked for."""

    column: str
    is_watched: bool = False


@dataclass(frozen=True)
class Bands:
    """A slice from each edge up to the next of the column's value divided by `per`; named by them, as in 06-10."""

    by: str
    column: str
    edges: tuple[int, ...]
    per: int = 1


@dataclass(frozen=True)
class Conditions:
    """A slice by name, of the questions that meet all its conditions; and "unknown", that lack one of the columns."""

    by: str
    where: Mapping[str, tuple[Condition, ...]]


@dataclass(frozen=True)
class Cell:
    """A level of the baseline: a category, or the column's value in steps of `width`. Each is smoothed towards the one
    above it."""

    column: str
    width: int | None = None
