"""A loaded model version: what serving and monitoring hold. Light to import; knows nothing of MLflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlsystem.drift import Reference
from mlsystem.errors import UserError
from mlsystem.training.calibration import Calibration
from mlsystem.training.candidates import Model
from mlsystem.training.climatology import Climatology
from mlsystem.training.drift_limits import DriftLimits


class NoChampion(UserError):
    """No version of the model can be used: none carries the alias, or the one that does is not fit to load."""


class UnusableModel(NoChampion):
    """A stored version that is damaged, incomplete, or made for other columns."""


class WrongColumns(ValueError):
    """A matrix that has other columns than the model was trained on."""


@dataclass(frozen=True)
class Champion:
    """One version of the model, with all that is needed to use it and to watch it."""

    name: str  # of the candidate: lightgbm, logistic_regression, climatology
    version: str
    columns: tuple[str, ...]
    act_above: float
    feature_service: str
    references: Mapping[str, Reference]  # by column, and "score"
    metrics: Mapping[str, Mapping[str, float]]  # of tune and of test, when it was trained
    training: Mapping[str, Any]
    model: Model
    calibration: Calibration
    climatology: Climatology
    drift_limits: DriftLimits | None  # None: of a candidate that was not chosen

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Calibrated P(true), (n,), for (n, F) float64 in the order of `columns`. Raises WrongColumns."""
        return self.calibration.apply(self.model.predict_proba(self._checked(matrix)))

    def reasons(self, matrix: np.ndarray, top: int = 3) -> list[list[tuple[str, float]]]:
        """For each row the columns that moved its log-odds most, with how far, the furthest first."""
        moved = self.calibration.slope * self.model.contributions(self._checked(matrix))
        return [
            [(self.columns[index], float(row[index])) for index in np.argsort(-np.abs(row), kind="stable")[:top]]
            for row in moved
        ]

    def fallback(self, matrix: np.ndarray) -> np.ndarray:
        """P(true) by the baseline's cell alone: the degraded answer when stored features are out of reach."""
        return self.climatology.predict_proba(self._checked(matrix))

    def _checked(self, matrix: np.ndarray) -> np.ndarray:
        if matrix.ndim != 2 or matrix.shape[1] != len(self.columns):
            raise WrongColumns(
                f"model version {self.version} takes rows of {len(self.columns)} columns, not an array of shape "
                f"{matrix.shape}; build rows with domain.request.model_row"
            )
        return matrix
