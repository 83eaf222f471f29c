"""Outages in advance: a model that never met a missing view reads its absence as a storm, or as anything.

Two kinds: a view of the store is gone, or a source table is silent and with it every feature that is made from it.
Fitted on the flights as they were, a missing weather view raised the mean probability in September from .165 to .264
and took the log-loss from .334 to .401; fitted with outages .347, and no worse with everything there.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from mlsystem.domain.features import SILENCED, VIEWS
from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.training.split import Rows

SHARE = 0.03  # of the flights meet each outage, each independently; .01 and .03 were compared on September
AGE = {"previous_leg_at": "previous_leg_age"}  # the request's age of an instant that is then not there


def _columns(features: Iterable[str]) -> list[int]:
    names = (AGE.get(name, name) for name in features)
    return [MODEL_COLUMNS.index(name) for name in names if name in MODEL_COLUMNS]


# By what is missing, the columns that go with it.
OUTAGES = {
    **{f"view {v.name}": _columns(feature.name for feature in v.features) for v in VIEWS if v.is_input},
    **{f"table {name}": _columns(features) for name, features in SILENCED.items()},
}


def with_outages(rows: Rows, seed: int) -> Rows:
    """The same flights, of which SHARE meet each outage. The same seed gives the same outages."""
    random = np.random.default_rng(seed)
    matrix = rows.matrix.copy()
    for columns in OUTAGES.values():
        struck = np.flatnonzero(random.random(len(rows)) < SHARE)
        matrix[struck[:, None], columns] = np.nan
    return replace(rows, matrix=matrix)


def without(rows: Rows, outage: str) -> Rows:
    """The same flights, had all of them met the outage."""
    matrix = rows.matrix.copy()
    matrix[:, OUTAGES[outage]] = np.nan
    return replace(rows, matrix=matrix)
