"""The expanding window: what a retraining may learn from at a moment, and how that is split by time."""

from datetime import date, timedelta

import numpy as np

from mlsystem.training.split import Split

MOST_TUNE_DAYS = 28  # four whole weeks: enough to choose trees by, and each day kept for it is a day not learned from
TUNE_SHARE = 4  # of a short history the last quarter


def expanding_split(first_day: date, today: date) -> Split:
    """Train on everything but the last weeks, tune on those; `test` begins today, and a retraining has none."""
    days = (today - first_day).days
    return Split(today - timedelta(days=min(MOST_TUNE_DAYS, days // TUNE_SHARE)), today)


def is_known(known_at: np.ndarray, service_date: np.ndarray, today: date) -> np.ndarray:
    """The rows that a retraining at 00:00 UTC of `today` may learn from: their label is known, their day is over.

    Where the domain's midnight is later, the last evening's questions without a label wait for the next retraining.
    """
    moment = np.datetime64(today)
    return (known_at <= moment) & (service_date < moment)
