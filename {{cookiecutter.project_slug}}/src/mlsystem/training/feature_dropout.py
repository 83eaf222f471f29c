"""Outages in advance: a model that never met a missing view reads its absence as a sign, of anything.

Two kinds: a view of the store is gone, or a source table is silent and with it every feature that is made from it.
What that cost before, and costs now: docs/decisions/0025.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from mlsystem.domain import PROBLEM
from mlsystem.training.split import Rows

SHARE = 0.03  # of the rows meet each outage, each independently
AGE = {f.age_of: f.name for f in PROBLEM.request_features if f.age_of}  # of an instant that is then not there


def _columns(features: Iterable[str]) -> list[int]:
    names = (AGE.get(name, name) for name in features)
    return [PROBLEM.model_columns.index(name) for name in names if name in PROBLEM.model_columns]


# By what is missing, the columns that go with it.
DROPOUTS = {
    **{f"view {v.name}": _columns(feature.name for feature in v.features) for v in PROBLEM.views if v.is_input},
    **{f"table {name}": _columns(features) for name, features in PROBLEM.silenced.items()},
}


def with_dropout(rows: Rows, seed: int) -> Rows:
    """The same rows, of which SHARE meet each outage. The same seed gives the same outages."""
    random = np.random.default_rng(seed)
    matrix = rows.matrix.copy()
    for columns in DROPOUTS.values():
        struck = np.flatnonzero(random.random(len(rows)) < SHARE)
        matrix[struck[:, None], columns] = np.nan
    return replace(rows, matrix=matrix)


def without(rows: Rows, *outages: str) -> Rows:
    """The same rows, had all of them met these outages."""
    matrix = rows.matrix.copy()
    for outage in outages:
        matrix[:, DROPOUTS[outage]] = np.nan
    return replace(rows, matrix=matrix)
