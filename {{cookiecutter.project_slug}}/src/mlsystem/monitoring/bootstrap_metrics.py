"""Measures of a model over resampled days, all resamples at once: from sums per day and bin, not from rows."""

import math

import numpy as np

from mlsystem.domain import PROBLEM
from mlsystem.training.bootstrap_intervals import Interval, by_day, draws, interval, weekly
from mlsystem.training.calibration import SMALLEST, losses
from mlsystem.training.evaluation import cents, evaluate

FINE_BINS = 200  # of the score, for AUC: within .0002 of the exact one


def intervals(probabilities: np.ndarray, label: np.ndarray, service_date: np.ndarray, seed: int) -> dict[str, Interval]:
    """AUC, log-loss, cost per 1,000, over days; and two promises, over weeks and not there under two of them.

    `gap` is the mean probability less the share that is true. `surplus` is the log-loss less the one that the
    probabilities themselves promise (their mean entropy): a hard month raises both, a model that errs only the first.
    Not ECE: it adds up absolute gaps, so each resample is above the value, and an interval would miss what it is of.
    """
    drawn = draws(len(np.unique(service_date)), seed)
    exact = evaluate(probabilities, label).metrics
    means = {"log_loss": losses(probabilities, label), "cost_per_1000": costs_of(probabilities, label) * 1000}
    columns = np.column_stack([*means.values(), np.ones(len(label))])
    sums = drawn @ by_day(columns, service_date)
    found = {name: sums[:, k] / sums[:, -1] for k, name in enumerate(means)}
    found["auc"] = _auc(drawn, probabilities, label, service_date)
    promises = {
        "gap": weekly(probabilities - label, service_date),
        "surplus": weekly(losses(probabilities, label) - entropy(probabilities), service_date),
    }
    return {name: interval(exact[name], resampled) for name, resampled in found.items()} | {
        name: one for name, one in promises.items() if one is not None
    }


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """The log-loss that each probability expects of itself."""
    p = np.clip(probabilities, SMALLEST, 1 - SMALLEST)
    return -(p * np.log(p) + (1 - p) * np.log(1 - p))


def costs_of(probabilities: np.ndarray, label: np.ndarray) -> np.ndarray:
    """What each question cost under the domain's threshold."""
    return cents(probabilities > PROBLEM.costs.act_above, label) / 100


def _binned(probabilities: np.ndarray, bins: int) -> tuple[np.ndarray, int]:
    """Each row's bin, of bins with equally many rows; and how many bins that makes."""
    edges = np.unique(np.quantile(probabilities, np.arange(1, bins) / bins))
    return np.searchsorted(edges, probabilities, side="left"), len(edges) + 1


def _sums(drawn: np.ndarray, bins: np.ndarray, count: int, weights: np.ndarray, days: np.ndarray) -> np.ndarray:
    """For each resample the weights' sum in each bin: (resamples, bins)."""
    inverse = np.unique(days, return_inverse=True)[1]
    cells = np.bincount(inverse * count + bins, weights=weights, minlength=drawn.shape[1] * count)
    return drawn @ cells.reshape(drawn.shape[1], count)


def _auc(drawn: np.ndarray, probabilities: np.ndarray, label: np.ndarray, days: np.ndarray) -> np.ndarray:
    bins, count = _binned(probabilities, FINE_BINS)
    true, false = (_sums(drawn, bins, count, kind.astype(float), days) for kind in (label, ~label))
    below = np.cumsum(false, axis=1) - false / 2
    with np.errstate(invalid="ignore"):
        return (true * below).sum(axis=1) / (true.sum(axis=1) * false.sum(axis=1))


def gap_interval(probabilities: np.ndarray, label: np.ndarray, service_date: np.ndarray) -> Interval:
    """`gap` alone, over weeks; its ends are NaN under two of them."""
    gaps = probabilities - label
    return weekly(gaps, service_date) or Interval(float(gaps.mean()), math.nan, math.nan)
