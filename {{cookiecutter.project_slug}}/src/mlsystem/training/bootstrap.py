"""The block bootstrap: whole days are drawn, for flights of one day share a storm and are no independent witnesses."""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1_000  # a 5 % bound from 1,000 draws moves by a twentieth of the interval's width
LEVEL = 0.9  # two-sided: 1 in 20 below, 1 in 20 above


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
