"""Out-of-fold scores: every block of days answered by a model that never saw it, so that they err as live scores do.

In-sample, 300 trees know their own rows: AUC .83 where live it is .76. Whatever is calibrated or limited by such
scores believes a model that does not exist.
"""

import logging
from collections.abc import Callable

import numpy as np

from mlsystem.training.split import Rows

FOLDS = 4  # of eight months, two each: a season that the other folds did not see, for four fits of three quarters

logger = logging.getLogger(__name__)


def folds(service_date: np.ndarray) -> np.ndarray:
    """Which block of consecutive days each row is in: (n,) int, FOLDS of them with equally many days."""
    days, place = np.unique(service_date, return_inverse=True)
    return place * FOLDS // len(days)


def out_of_fold(
    rows: Rows, fit: Callable[[Rows], Callable[[np.ndarray], np.ndarray]], name: str = "model"
) -> np.ndarray:
    """P(true) of each row (n,) by what `fit` learned from the other blocks; NaN if they have but one label."""
    block, scores = folds(rows.service_date), np.full(len(rows), np.nan)
    for one in np.unique(block):
        logger.info("%s: fold %s of %s, for calibration and drift limits", name, one + 1, FOLDS)
        others = rows.where(block != one)
        if len(np.unique(others.label)) == 2:
            scores[block == one] = fit(others)(rows.matrix[block == one])
    return scores
