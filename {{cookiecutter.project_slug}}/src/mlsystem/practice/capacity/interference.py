"""What makes a split by question wrong: views through which one question's outcome reaches another's features.

A view that is made from facts about the questions themselves carries what acting changed in one outcome into every
later question with the same key, in whichever arm that is. The declarations say which views those are, and by which
keys; the log says how many questions share them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlsystem.contract.features import View
from mlsystem.contract.problem import Problem
from mlsystem.domain import PROBLEM
from mlsystem.practice.capacity.experiment_log import Log

QUESTION, DAY = "question", "day"
MOST_LEAKING = 0.01  # of the questions: a unit that lets more through is not taken


@dataclass(frozen=True)
class Unit:
    """What is assigned to an arm as a whole. `leaking`: questions that share a key, on a day, with another unit's."""

    name: str
    of: np.ndarray  # (n,) the unit of each question, 0 … U - 1
    leaking: float

    @property
    def count(self) -> int:
        return int(self.of.max()) + 1


def spillover_views(problem: Problem = PROBLEM) -> list[View]:
    """The model's views that are made from what happens to the questions: the tables of facts, and of the label."""
    happens = {problem.label.table, *(facts.table for facts in problem.facts)}
    return [view for view in problem.views if view.is_input and happens.intersection(view.tables)]


def units(log: Log, views: Sequence[View]) -> list[Unit]:
    """From the finest to the coarsest: the question, each carrying view's key on a day, the day."""
    groups = {view.name: _groups(log, view) for view in views}
    named = {QUESTION: np.arange(len(log.day))} | {
        f"{' and '.join(view.join_keys)} on a day": groups[view.name] for view in views if view.keys
    }
    named[DAY] = log.day
    return [Unit(name, of, _leaking(of, list(groups.values()))) for name, of in named.items()]


def choose(found: Sequence[Unit]) -> Unit:
    """The finest that does not leak; a day never does, but for what a window carries over midnight."""
    return next(unit for unit in found if unit.leaking <= MOST_LEAKING or unit.name == DAY)


def told(views: Sequence[View], log: Log) -> list[dict[str, Any]]:
    """By view: its keys, the facts that carry, its longest window, the questions that share a key on their day."""
    return [
        {
            "view": view.name,
            "keys": list(view.keys),
            "tables": list(view.tables),
            "window_hours": max((one.window_hours or 0 for one in view.features), default=0),
            "sharing": _leaking(np.arange(len(log.day)), [_groups(log, view)]),
        }
        for view in views
    ]


def _groups(log: Log, view: View) -> np.ndarray:
    """The questions of one day that read the same row of the view are of one group; -1 where a key was not said."""
    columns = [log.keys[key] for key in view.keys]
    joined = np.array(["\x1f".join(values) for values in zip(log.day.astype(str), *columns, strict=True)])
    group = np.unique(joined, return_inverse=True)[1]
    said = np.all([column != "" for column in columns], axis=0) if columns else np.ones(len(log.day), dtype=bool)
    return np.where(said, group, -1)


def _leaking(of: np.ndarray, groups: Sequence[np.ndarray]) -> float:
    """The share of the questions with another unit in one of their groups."""
    leaks = np.zeros(len(of), dtype=bool)
    for group in groups:
        said = group >= 0
        pairs = np.unique(np.column_stack([group[said], of[said]]), axis=0)
        has_several = np.bincount(pairs[:, 0], minlength=int(group.max()) + 1) > 1
        leaks[said] |= has_several[group[said]]
    return float(leaks.mean())
