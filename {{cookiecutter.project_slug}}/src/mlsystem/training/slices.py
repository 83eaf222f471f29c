"""Slices: the same measures where an average hides them, by the domain's own parts of its questions, and by month."""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from mlsystem.contract.slices import Bands, Categories, Conditions
from mlsystem.domain import PROBLEM
from mlsystem.training.evaluation import cost_per_1000, ece, ranking
from mlsystem.training.split import Rows

FEWEST_ROWS = PROBLEM.limits.fewest  # an AUC of fewer moves by more than .1 by chance
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    ">": operator.gt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
}


@dataclass(frozen=True)
class Slice:
    """`by` is the question, `value` the answer. `auc` is NaN if all its labels are true, or none is."""

    by: str
    value: str
    rows: int
    base_rate: float
    auc: float
    ece: float
    cost_per_1000: float
    saved_per_1000: float  # against never acting


def slices(probabilities: np.ndarray, rows: Rows) -> tuple[Slice, ...]:
    """Every slice with at least FEWEST_ROWS rows; slices of one question may overlap."""
    return tuple(
        _measured(by, value, probabilities[inside], rows.label[inside])
        for by, value, inside in masks(rows)
        if inside.sum() >= FEWEST_ROWS
    )


def _measured(by: str, value: str, probabilities: np.ndarray, label: np.ndarray) -> Slice:
    cost = cost_per_1000(probabilities > PROBLEM.costs.act_above, label)
    return Slice(
        by,
        value,
        len(label),
        float(label.mean()),
        ranking(probabilities, label)["auc"],
        ece(probabilities, label),
        cost,
        cost_per_1000(np.zeros(len(label), bool), label) - cost,
    )


def watched(rows: Rows) -> dict[str, np.ndarray]:
    """The slices whose law can change by itself: (n,) bool by their name."""
    wanted = {one.column for one in PROBLEM.slices if isinstance(one, Categories) and one.is_watched}
    return {f"{by} {value}": mask for by, value, mask in masks(rows) if by in wanted}


def masks(rows: Rows) -> Iterator[tuple[str, str, np.ndarray]]:
    """Every slice: the question, the answer, and which rows are in it."""
    for one in PROBLEM.slices:
        yield from _declared(one, rows)
    months = rows.service_date.astype("datetime64[M]")
    for month in np.unique(months):
        yield "month", str(month), months == month


def _declared(one: Categories | Bands | Conditions, rows: Rows) -> Iterator[tuple[str, str, np.ndarray]]:
    match one:
        case Categories(column=column):
            for value, code in PROBLEM.codes[column].items():
                yield column, value, rows.column(column) == code
        case Bands(by=by, edges=edges):
            place = rows.column(one.column) // one.per
            for first, until in pairwise(edges):
                yield by, f"{first:02d}-{until:02d}", (place >= first) & (place < until)
        case Conditions(by=by, where=where):
            for value, conditions in where.items():
                met = [COMPARE[how](rows.column(column), limit) for column, how, limit in conditions]
                yield by, value, np.logical_and.reduce(met)
            columns = dict.fromkeys(column for conditions in where.values() for column, *_ in conditions)
            yield by, "unknown", np.logical_or.reduce([np.isnan(rows.column(column)) for column in columns])
