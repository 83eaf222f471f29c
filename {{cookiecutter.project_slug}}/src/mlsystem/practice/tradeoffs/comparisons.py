"""What a learner is asked: which of two settings is better, and by how much. Drawn by the seed, eight a round."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from random import Random
from typing import Any

from mlsystem import wording
from mlsystem.domain import PROBLEM
from mlsystem.practice import prices
from mlsystem.practice.tradeoffs.grid import GROUPS, Setting

ALL = "all"  # the part that is every question of the judged days


@dataclass(frozen=True)
class Metric:
    """What is compared, in its own unit."""

    meaning: str
    unit: str
    is_higher_better: bool
    digits: int = 3

    def told(self, value: object) -> str:
        return f"{wording.figure(value, self.digits)} {self.unit}".strip()


METRICS = {
    "auc": Metric("AUC", "", is_higher_better=True),
    "saved": Metric("saved against never acting", PROBLEM.per_1000, is_higher_better=True),
    "p50_ms": Metric("median time of an answer", "ms", is_higher_better=False),
    "p99_ms": Metric("99th percentile of an answer's time", "ms", is_higher_better=False),
    "cost_per_million": Metric("cost of a million predictions", prices.read().currency, is_higher_better=False),
}
OF_AXIS = {
    "main": ("auc", "saved", "p99_ms", "cost_per_million"),
    "freshness": ("auc", "saved"),
    "threshold": ("saved",),
    "serving": ("p50_ms", "p99_ms", "cost_per_million"),
}
OF_PARTS = ("auc", "saved")  # what can be asked of a part of the questions
FIRST_ROUND = {"main": 3, "freshness": 2, "threshold": 1, "serving": 2}
LATER_ROUNDS = {"main": 4, "freshness": 2, "threshold": 2}  # of parts: their figures stand on no page


@dataclass(frozen=True)
class Comparison:
    """A against B. A part is a slice or a month of the judged days, as training/slices.py names it."""

    number: int
    metric: str
    part: str
    a: Setting
    b: Setting

    def __str__(self) -> str:
        where = "" if self.part == ALL else f", {PROBLEM.words.questions} of {self.part} alone"
        metric = METRICS[self.metric]
        unit = f", in {metric.unit}" if metric.unit else ""
        return f"{metric.meaning}{where}{unit}\n     A  {self.a.name}\n     B  {self.b.name}"

    def as_json(self) -> dict[str, Any]:
        plain = {"number": self.number, "metric": self.metric, "part": self.part}
        return plain | {"a": self.a.as_json(), "b": self.b.as_json()}


def from_json(found: dict[str, Any]) -> Comparison:
    a, b = (_setting(found[side]) for side in ("a", "b"))
    return Comparison(found["number"], found["metric"], found["part"], a, b)


def _setting(found: dict[str, Any]) -> Setting:
    known = {one.name: found[one.name] for one in fields(Setting)}
    return Setting(**(known | {"groups": tuple(found["groups"])}))


def draw(settings: Sequence[Setting], seed: int, number: int, parts: Sequence[str]) -> list[Comparison]:
    """The comparisons of a round: of all questions in the first, of a part in each of the later ones."""
    random = Random(f"{seed}/{number}")
    drawn: list[Comparison] = []
    for axis, count in (FIRST_ROUND if number == 1 else LATER_ROUNDS).items():
        metrics = [name for name in OF_AXIS[axis] if number == 1 or name in OF_PARTS]
        every = [(pair, metric) for pair in pairs(settings, axis) for metric in metrics]
        for pair, metric in random.sample(every, min(count, len(every))):
            a, b = random.sample(pair, 2)
            part = ALL if number == 1 else random.choice(list(parts))
            drawn.append(Comparison(len(drawn) + 1, metric, part, a, b))
    return drawn


def pairs(settings: Sequence[Setting], axis: str) -> list[tuple[Setting, Setting]]:
    """Those of an axis that differ in one thing; of feature groups, one of the two has all."""
    inside = [one for one in settings if one.axis == axis]
    return [(a, b) for a, b in combinations(inside, 2) if _differ_in_one(a, b)]


def _differ_in_one(a: Setting, b: Setting) -> bool:
    names = [one.name for one in fields(Setting) if getattr(a, one.name) != getattr(b, one.name)]
    return len(names) == 1 and (names != ["groups"] or GROUPS in (a.groups, b.groups))
