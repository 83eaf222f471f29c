"""Outages in advance: a model that never met a missing view reads its absence as a storm, or as anything.

Fitted on the flights as they were, a missing weather view raised the mean probability in September from .165 to .264
and took the log-loss from .334 to .401; fitted with outages .347, and no worse with everything there.
"""

from dataclasses import replace

import numpy as np

from mlsystem.domain.features import VIEWS
from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.training.split import Rows

SHARE = 0.03  # of the flights lose each view, each independently; .01 and .03 were compared on September

# What goes with a view beside its own columns: the request's age of a fact that is then not there.
_AGES = {"aircraft": ("previous_leg_age",)}
VIEW_COLUMNS = {
    view.name: [
        MODEL_COLUMNS.index(name)
        for name in (*(feature.name for feature in view.features), *_AGES.get(view.name, ()))
        if name in MODEL_COLUMNS
    ]
    for view in VIEWS
}


def with_outages(rows: Rows, seed: int) -> Rows:
    """The same flights, of which SHARE miss each view. The same seed gives the same outages."""
    random = np.random.default_rng(seed)
    matrix = rows.matrix.copy()
    for columns in VIEW_COLUMNS.values():
        struck = np.flatnonzero(random.random(len(rows)) < SHARE)
        matrix[struck[:, None], columns] = np.nan
    return replace(rows, matrix=matrix)


def without(rows: Rows, view: str) -> Rows:
    """The same flights, had the view been missing for all of them."""
    matrix = rows.matrix.copy()
    matrix[:, VIEW_COLUMNS[view]] = np.nan
    return replace(rows, matrix=matrix)
