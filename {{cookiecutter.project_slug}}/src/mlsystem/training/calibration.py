"""Calibration: make a probability mean what it says, if that can be shown on rows the calibrator has not seen."""

from dataclasses import dataclass

import numpy as np

from mlsystem.training.out_of_fold import folds
from mlsystem.training.split import Rows

SMALLEST = 1e-6  # a probability further out than one in a million is not something 200,000 flights can teach
FEWEST_FLIGHTS = 200  # two numbers fitted on fewer say more about those days than about the model


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
        return 1 / (1 + np.exp(-(self.slope * log_odds(probabilities) + self.intercept)))


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    bounded = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    return np.log(bounded / (1 - bounded))


def log_loss(probabilities: np.ndarray, is_late: np.ndarray) -> float:
    """Mean natural-log loss; probabilities are bounded by SMALLEST first."""
    return float(np.mean(losses(probabilities, is_late)))


def losses(probabilities: np.ndarray, is_late: np.ndarray) -> np.ndarray:
    """Each row's natural-log loss; its mean is `log_loss`."""
    bounded = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    return -np.where(is_late, np.log(bounded), np.log(1 - bounded))


def calibrate(probabilities: np.ndarray, rows: Rows) -> tuple[Calibration, Calibration]:
    """What to use, and Platt's: the same, or no calibration if Platt's does not clearly lower the log-loss.

    `probabilities` (n,) are out of fold, of several months: one month's own rate of late flights would pass for an
    error of the model. Whether it helps is asked block by block, of what was fitted on the other blocks.
    """
    known = ~np.isnan(probabilities)
    probabilities, rows = probabilities[known], rows.where(known)
    if len(rows) < FEWEST_FLIGHTS or len(np.unique(rows.is_late)) < 2:
        return Calibration(), Calibration()
    fitted, block = platt(probabilities, rows.is_late), folds(rows.service_date)
    corrected = probabilities.copy()
    for one in np.unique(block):
        others = block != one
        if len(np.unique(rows.is_late[others])) == 2:
            corrected[~others] = platt(probabilities[others], rows.is_late[others]).apply(probabilities[~others])
    gain = losses(probabilities, rows.is_late) - losses(corrected, rows.is_late)
    return (fitted if _is_clear(gain, rows.service_date) else Calibration()), fitted


def _is_clear(gain: np.ndarray, service_date: np.ndarray) -> bool:
    """Whether the mean is above two standard errors over weeks: days of one week share their weather too.

    By any gain at all, five seeds of one model come within half a standard error of a different answer.
    """
    days = service_date.astype("datetime64[D]").astype(int)
    week = (days - days.min()) // 7
    weekly = np.array([gain[week == one].mean() for one in np.unique(week)])
    return len(weekly) > 1 and bool(weekly.mean() > 2 * weekly.std(ddof=1) / np.sqrt(len(weekly)))


def platt(probabilities: np.ndarray, is_late: np.ndarray) -> Calibration:
    """Maximum likelihood of two numbers, by Newton's method: it settles in well under 25 steps."""
    features = np.column_stack([log_odds(probabilities), np.ones(len(is_late))])
    weights = np.array([1.0, 0.0])
    for _ in range(25):
        fitted = 1 / (1 + np.exp(-features @ weights))
        hessian = (features * (fitted * (1 - fitted))[:, None]).T @ features + 1e-9 * np.eye(2)
        weights = weights - np.linalg.solve(hessian, features.T @ (fitted - is_late))
    return Calibration(float(weights[0]), float(weights[1]))
