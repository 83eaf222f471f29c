"""Calibration: make a probability mean what it says, if that can be shown on rows the calibrator has not seen."""

from dataclasses import dataclass

import numpy as np

from mlsystem.training.out_of_fold import folds
from mlsystem.training.split import Rows

SMALLEST = 1e-6  # a probability further out than one in a million is not something 200,000 rows can teach
FEWEST_ROWS = 200  # two numbers fitted on fewer say more about those days than about the model


@dataclass(frozen=True)
class Calibration:
    """Platt's: log-odds become slope x log-odds + intercept. Slope 1 and intercept 0 leave every value as it is."""

    slope: float = 1.0
    intercept: float = 0.0

    @property
    def is_identity(self) -> bool:
        return self == Calibration()

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        if self.is_identity:
            return probabilities
        return sigmoid(self.slope * log_odds(probabilities) + self.intercept)


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # of what is beyond all doubt: 0 is right
        return 1 / (1 + np.exp(-log_odds))


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    bounded = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    return np.log(bounded / (1 - bounded))


def log_loss(probabilities: np.ndarray, label: np.ndarray) -> float:
    """Mean natural-log loss; probabilities are bounded by SMALLEST first."""
    return float(np.mean(losses(probabilities, label)))


def losses(probabilities: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Each row's natural-log loss; its mean is `log_loss`."""
    bounded = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    return -np.where(label, np.log(bounded), np.log(1 - bounded))


def calibrate(probabilities: np.ndarray, rows: Rows) -> tuple[Calibration, Calibration]:
    """What to use, and Platt's: the same, or no calibration if Platt's does not clearly lower the log-loss.

    `probabilities` (n,) are out of fold, of several months: one month's own base rate would pass for an
    error of the model. Whether it helps is asked block by block, of what was fitted on the other blocks.
    """
    known = ~np.isnan(probabilities)
    probabilities, rows = probabilities[known], rows.where(known)
    if len(rows) < FEWEST_ROWS or len(np.unique(rows.label)) < 2:
        return Calibration(), Calibration()
    fitted, block = platt(probabilities, rows.label), folds(rows.service_date)
    corrected = probabilities.copy()
    for one in np.unique(block):
        others = block != one
        if len(np.unique(rows.label[others])) == 2:
            corrected[~others] = platt(probabilities[others], rows.label[others]).apply(probabilities[~others])
    gain = losses(probabilities, rows.label) - losses(corrected, rows.label)
    return (fitted if _is_clear(gain, rows.service_date) else Calibration()), fitted


def _is_clear(gain: np.ndarray, service_date: np.ndarray) -> bool:
    """Whether the mean is above two standard errors over weeks: days of one week share much too.

    By any gain at all, five seeds of one model come within half a standard error of a different answer.
    """
    days = service_date.astype("datetime64[D]").astype(int)
    week = (days - days.min()) // 7
    weekly = np.array([gain[week == one].mean() for one in np.unique(week)])
    return len(weekly) > 1 and bool(weekly.mean() > 2 * weekly.std(ddof=1) / np.sqrt(len(weekly)))


def platt(probabilities: np.ndarray, label: np.ndarray) -> Calibration:
    """Maximum likelihood of two numbers, by Newton's method: it settles in well under 25 steps."""
    features = np.column_stack([log_odds(probabilities), np.ones(len(label))])
    weights = np.array([1.0, 0.0])
    for _ in range(25):
        fitted = sigmoid(features @ weights)
        hessian = (features * (fitted * (1 - fitted))[:, None]).T @ features + 1e-9 * np.eye(2)
        weights = weights - np.linalg.solve(hessian, features.T @ (fitted - label))
    return Calibration(float(weights[0]), float(weights[1]))
