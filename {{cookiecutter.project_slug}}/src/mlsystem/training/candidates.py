"""The candidates, under one protocol: what a model is, and which of them compete."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from mlsystem.training import boosting, climatology, logistic
from mlsystem.training.split import Rows


class Model(Protocol):
    """A fitted model. Matrices are (n, F) float64 in the order of MODEL_COLUMNS, NaN for missing."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What was chosen in fitting it: plain JSON."""

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        """P(late), (n,), not yet calibrated."""

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        """How far each column moved the log-odds, (n, F); a row's sum plus a constant is its log-odds."""


Fit = Callable[[Rows, Rows, int, int], Model]  # train, tune, seed, threads

# In the order of their cost; each must earn its place against the one before.
CANDIDATES: dict[str, Fit] = {
    "climatology": climatology.fit,
    "logistic_regression": logistic.fit,
    "lightgbm": boosting.fit,
}
