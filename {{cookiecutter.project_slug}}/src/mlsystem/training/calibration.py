"""Calibration: make a probability mean what it says, if that can be shown on rows the calibrator has not seen."""

from dataclasses import dataclass

import numpy as np

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


def calibrate(probabilities: np.ndarray, tune: Rows) -> Calibration:
    """Fitted on the first half of the tuning days; kept only if it clearly lowers the log-loss on the second half.

    Its limit: both halves share the month's own rate of late flights, so a season can pass for an error of the model.
    """
    first, last = (np.datetime64(day) for day in tune.days)
    is_first = tune.service_date <= first + (last - first) // 2
    if min(is_first.sum(), (~is_first).sum()) < FEWEST_FLIGHTS or len(np.unique(tune.is_late[is_first])) < 2:
        return Calibration()
    fitted = platt(probabilities[is_first], tune.is_late[is_first])
    return fitted if _is_better(fitted, probabilities[~is_first], tune.where(~is_first)) else Calibration()


def _is_better(calibration: Calibration, probabilities: np.ndarray, rows: Rows) -> bool:
    """Whether the log-loss falls by more than two standard errors over days, the unit that shares a storm.

    By any fall at all, five seeds of one model come within half a standard error of a different answer.
    """
    gain = losses(probabilities, rows.is_late) - losses(calibration.apply(probabilities), rows.is_late)
    daily = np.array([gain[rows.service_date == day].mean() for day in np.unique(rows.service_date)])
    return len(daily) > 1 and bool(daily.mean() > 2 * daily.std(ddof=1) / np.sqrt(len(daily)))


def platt(probabilities: np.ndarray, is_late: np.ndarray) -> Calibration:
    """Maximum likelihood of two numbers, by Newton's method: it settles in well under 25 steps."""
    features = np.column_stack([log_odds(probabilities), np.ones(len(is_late))])
    weights = np.array([1.0, 0.0])
    for _ in range(25):
        fitted = 1 / (1 + np.exp(-features @ weights))
        hessian = (features * (fitted * (1 - fitted))[:, None]).T @ features + 1e-9 * np.eye(2)
        weights = weights - np.linalg.solve(hessian, features.T @ (fitted - is_late))
    return Calibration(float(weights[0]), float(weights[1]))
