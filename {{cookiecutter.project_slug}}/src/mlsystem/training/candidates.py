"""The candidates, under one protocol: what a model is, and which of them compete."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mlsystem.training import boosting, climatology, logistic
from mlsystem.training.split import Rows


class Model(Protocol):
    """A fitted model. Matrices are (n, F) float64 in the order of PROBLEM.model_columns, NaN for missing."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What was chosen in fitting it: plain JSON."""

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        """P(true), (n,), not yet calibrated."""

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        """How far each column moved the log-odds, (n, F); a row's sum plus a constant is its log-odds."""


@dataclass(frozen=True)
class Family:
    """How a candidate learns: `fit` chooses on tune what is to be chosen, `refit` learns other rows by that choice."""

    fit: Callable[[Rows, Rows, int, int], Model]  # train, tune, seed, threads
    refit: Callable[[Any, Rows, int, int], Model]  # the model that was chosen, rows, seed, threads


def _nothing_chosen(fit: Callable[[Rows, Rows, int, int], Model]) -> Family:
    return Family(fit, lambda model, rows, seed, threads: fit(rows, rows, seed, threads))


# In the order of their cost; each must earn its place against the one before.
CANDIDATES: dict[str, Family] = {
    "climatology": _nothing_chosen(climatology.fit),
    "logistic_regression": _nothing_chosen(logistic.fit),
    "lightgbm": Family(boosting.fit, boosting.refit),
}
