"""The block bootstrap: whole days are drawn, for rows of one day share its storms and are no independent witnesses."""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1_000  # a 5 % bound from 1,000 draws moves by a twentieth of the interval's width
LEVEL = 0.9  # two-sided: 1 in 20 below, 1 in 20 above
WEEK = 7
# Student's t at 95 % for 1, 2, 3 … degrees of freedom, that is for 2, 3, 4 … weeks; beyond the last it is hardly less.
STUDENT = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782)


@dataclass(frozen=True)
class Interval:
    """A measured value and where it would lie nine times in ten, had other such days come."""

    value: float
    low: float
    high: float


def draws(days: int, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each day is in each resample: (resamples, days); each row adds up to `days`."""
    return np.random.default_rng(seed).multinomial(days, np.full(days, 1 / days), size=resamples).astype("float64")


def by_day(values: np.ndarray, service_date: np.ndarray) -> np.ndarray:
    """Sums of each column of `values` (n, K) within each day, in the days' order: (D, K)."""
    order = np.argsort(service_date, kind="stable")
    starts = np.unique(service_date[order], return_index=True)[1]
    return np.add.reduceat(values[order].astype("float64"), starts, axis=0)


def interval(value: float, resampled: np.ndarray, level: float = LEVEL) -> Interval:
    """Percentiles of the resampled values (B,); draws in which the measure is not defined (NaN) are left out."""
    tail = (1 - level) / 2
    low, high = np.nanquantile(resampled, (tail, 1 - tail)) if not np.isnan(resampled).all() else (np.nan, np.nan)
    return Interval(float(value), float(low), float(high))


def weekly(values: np.ndarray, service_date: np.ndarray) -> Interval | None:
    """The mean of the values (n,) with Student's 90 % interval over whole weeks, the newest first; None under two.

    For one mean of a few weeks. The errors of neighbouring days go together (.2 to .4 from one to the next), so single
    days, drawn as if they were strangers, reject a model that is right in 23 to 35 % of 28-day windows; blocks of days
    do no better, for there are but four of them. Weeks as the witnesses that they are reject it in 10 to 12 %.
    """
    weeks = len(np.unique(service_date)) // WEEK
    if weeks < 2:
        return None
    sums = by_day(np.column_stack([values, np.ones(len(values))]), service_date)
    total = sums[len(sums) - weeks * WEEK :].reshape(weeks, WEEK, 2).sum(axis=1)
    means = total[:, 0] / total[:, 1]
    half = STUDENT[min(weeks - 1, len(STUDENT)) - 1] * means.std(ddof=1) / np.sqrt(weeks)
    value = float(np.mean(values))
    return Interval(value, value - float(half), value + float(half))
