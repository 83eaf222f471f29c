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
from mlsystem.training.feature_dropout import with_dropout
from mlsystem.training.out_of_fold import out_of_fold
from mlsystem.training.split import Rows


@dataclass(frozen=True)
class Fitted:
    """A candidate, and what it says of its own training rows when it has not seen them."""

    name: str
    model: Model
    calibration: Calibration  # in use: Platt's, or none
    platt: Calibration  # Platt's, whether it is in use or not
    raw_held_out: np.ndarray  # (n,) P(true) of the training rows, each by a model of the other blocks of days
    seconds: float  # of the model's own fit

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Calibrated P(true), (n,), for (n, F)."""
        return self.calibration.apply(self.model.predict_proba(matrix))

    @property
    def held_out(self) -> np.ndarray:
        """Calibrated P(true) of the training rows, out of fold; NaN where the other blocks could teach nothing."""
        return self.calibration.apply(self.raw_held_out)


@dataclass(frozen=True)
class Trained:
    """Ready for the registry. A retraining has no test: its rows are still to come."""

    fitted: Fitted
    metrics: Mapping[str, Mapping[str, float]]  # of `tune`, and of `test` if there is one
    latency_ms: float  # one row, median
    references: Mapping[str, Reference]  # by column, and "score"
    drift_limits: DriftLimits | None  # None: not chosen
    climatology: Climatology
    about: Mapping[str, Any]
    rehearsal: "Trained | None" = None  # the same recipe without the last weeks: retraining/challenger.py

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Calibrated P(true), (n,), for (n, F)."""
        return self.fitted.predict(matrix)


def fit(name: str, train: Rows, tune: Rows, seed: int, threads: int) -> Fitted:
    """The candidate of that name: `tune` chooses its size, the blocks of train whether it is calibrated and how."""
    started = time.perf_counter()
    model = CANDIDATES[name].fit(with_dropout(train, seed), tune, seed, threads)
    return checked(name, model, train, seed, threads, time.perf_counter() - started)


def checked(name: str, model: Model, train: Rows, seed: int, threads: int, seconds: float) -> Fitted:
    """The model with its out-of-fold scores, and calibrated if they show that this helps."""
    refit = CANDIDATES[name].refit
    scores = out_of_fold(train, lambda rows: refit(model, with_dropout(rows, seed), seed, threads).predict_proba, name)
    return Fitted(name, model, *calibrate(scores, train), scores, seconds)
