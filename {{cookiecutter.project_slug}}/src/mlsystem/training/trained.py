"""One fitted model with all that belongs to it: what is stored beside its file, whoever trained it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlsystem.drift import Reference
from mlsystem.training.calibration import Calibration, calibrate
from mlsystem.training.candidates import CANDIDATES, Model
from mlsystem.training.climatology import Climatology
from mlsystem.training.drift_limits import DriftLimits
from mlsystem.training.split import Rows


@dataclass(frozen=True)
class Fitted:
    """A candidate, fitted on one part and calibrated on the next."""

    name: str
    model: Model
    calibration: Calibration
    seconds: float

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Calibrated P(late), (n,), for (n, F)."""
        return self.calibration.apply(self.model.predict_proba(matrix))


@dataclass(frozen=True)
class Trained:
    """Ready for the registry. A retraining has no test: its flights are still to come."""

    fitted: Fitted
    metrics: Mapping[str, Mapping[str, float]]  # of `tune`, and of `test` if there is one
    latency_ms: float  # one row, median
    references: Mapping[str, Reference]  # by column, and "score"
    drift_limits: DriftLimits | None  # None: not chosen
    climatology: Climatology
    about: Mapping[str, Any]


def fit(name: str, train: Rows, tune: Rows, seed: int, threads: int) -> Fitted:
    """The candidate of that name; `tune` stops and calibrates it."""
    started = time.perf_counter()
    model = CANDIDATES[name](train, tune, seed, threads)
    seconds = time.perf_counter() - started
    return Fitted(name, model, calibrate(model.predict_proba(tune.matrix), tune), seconds)
