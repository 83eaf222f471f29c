"""Drift limits that can be believed: what reference weeks do by themselves, with a stated rate of false alarms.

Made from the training rows when a model is trained, for they belong to that model as its references do, and a week of
serving has no second year to learn them from. Some 2 s for 200,000 rows.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from mlsystem.domain import PROBLEM
from mlsystem.drift import Reference, psi
from mlsystem.training.bootstrap_intervals import by_day
from mlsystem.training.split import Rows

WEEK = 7
DRAWN = 300  # windows: a reference has fewer distinct weeks than that
FEWEST_ROWS = 2 * PROBLEM.limits.fewest  # of a slice in a window; fewer are one day's chance
FALSE_ALARMS = 0.05  # of quiet weeks: 1 in 20 pages for nothing, over the score and the label together
SCORE = "score"
PAGING = (SCORE, "label")  # what pages; a feature's own drift is for whoever then looks


@dataclass(frozen=True)
class DriftLimits:
    """PSI above which a window of `window_days` drifts, by column and for the score; and the label's usual range."""

    window_days: int
    false_alarms: float
    psi: Mapping[str, float]
    base_rate: tuple[float, float]  # lowest and highest of reference windows
    gap: tuple[float, float]  # of the mean probability less the base rate
    slice_spread: Mapping[str, float]  # standard deviation of the slice's gap against the others'
    slice_sigmas: float  # how many of them the oddest of all slices keeps to
    reference_rate: float
    reference_score: float  # mean probability of the reference rows

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(text: Mapping[str, Any]) -> DriftLimits:
    return DriftLimits(**{**text, **{name: tuple(text[name]) for name in ("base_rate", "gap")}})


def drift_limits(
    rows: Rows,
    scores: np.ndarray,
    references: Mapping[str, Reference],
    slices: Mapping[str, np.ndarray],
    seed: int,
    window_days: int = WEEK,
    false_alarms: float = FALSE_ALARMS,
) -> DriftLimits:
    """From windows drawn from the reference rows in blocks of whole weeks, so that a heat wave stays in one piece.

    `scores` are out of fold: in-sample ones know their own rows, and limits by them call 5 of 13 live weeks drift.

    `references` has every model column, and `score` for the probabilities (n,); `slices` say which rows are in them.
    Each kind of limit is passed by `false_alarms` of the windows; the paging ones share the rate of
    false alarms between them: half of it for the score, a quarter for each end of the label.
    """
    blocks = _blocks(rows.service_date, window_days, seed)  # (B, D)
    gaps = scores - rows.label
    sums = blocks @ by_day(np.column_stack([rows.label, gaps, np.ones(len(rows))]), rows.service_date)
    tail = false_alarms / len(PAGING) / 2
    (late_low, gap_low), (late_high, gap_high) = np.quantile(sums[:, :2] / sums[:, 2:], (tail, 1 - tail), axis=0)
    narrow, wide = _prediction(gaps, rows.service_date, window_days, tail)
    gap_low, gap_high = min(gap_low, narrow), max(gap_high, wide)
    slices = {name: mask for name, mask in slices.items() if mask.sum() * window_days / blocks.shape[1] >= FEWEST_ROWS}
    spread, sigmas = _spread(slices, gaps, blocks, rows.service_date, false_alarms)
    return DriftLimits(
        window_days,
        false_alarms,
        _psi_limits(rows, scores, references, blocks, false_alarms),
        (float(late_low), float(late_high)),
        (float(gap_low), float(gap_high)),
        spread,
        sigmas,
        float(rows.label.mean()),
        float(scores.mean()),
    )


def _prediction(gaps: np.ndarray, service_date: np.ndarray, window_days: int, tail: float) -> tuple[float, float]:
    """Between which ends the next window's mean gap lies, by Student's t: the extremes of a few windows are not all
    that there are. Nothing is widened by fewer than three whole windows."""
    sums = by_day(np.column_stack([gaps, np.ones(len(gaps))]), service_date)
    windows = len(sums) // window_days
    if windows < 3:
        return 0.0, 0.0
    total = sums[: windows * window_days].reshape(windows, window_days, 2).sum(axis=1)
    means = total[:, 0] / total[:, 1]
    z, free = NormalDist().inv_cdf(1 - tail), windows - 1
    student = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    half = student * means.std(ddof=1) * np.sqrt(1 + 1 / windows)
    return float(means.mean() - half), float(means.mean() + half)


def _psi_limits(
    rows: Rows, scores: np.ndarray, references: Mapping[str, Reference], blocks: np.ndarray, false_alarms: float
) -> dict[str, float]:
    drawn = {}
    for name, reference in references.items():
        counts = blocks @ _daily_counts(reference, scores if name == SCORE else rows.column(name), rows.service_date)
        drawn[name] = np.array([psi(reference.counts, one) for one in counts])
    limits = _together({name: each for name, each in drawn.items() if name != SCORE}, false_alarms)
    limits[SCORE] = float(np.quantile(drawn[SCORE], 1 - false_alarms / len(PAGING)))
    return limits


def _spread(
    slices: Mapping[str, np.ndarray], gaps: np.ndarray, blocks: np.ndarray, dates: np.ndarray, false_alarms: float
) -> tuple[dict[str, float], float]:
    """How far each slice's gap strays from the others', and how many times that the furthest one keeps to."""
    if not slices:
        return {}, 0.0
    odd = against_the_others(blocks @ by_day(slice_columns(slices, gaps), dates))
    spread = np.maximum(np.nanstd(odd, axis=0), 1e-12)
    sigmas = np.quantile(np.nanmax(np.abs(odd) / spread, axis=1), 1 - false_alarms)
    return dict(zip(slices, spread.tolist(), strict=True)), float(sigmas)


def _together(drawn: Mapping[str, np.ndarray], false_alarms: float) -> dict[str, float]:
    """Limits that all columns keep together in all but `false_alarms` of the windows; 37 limits of 5 % were noise."""
    alone = {name: max(float(np.quantile(each, 1 - false_alarms)), 1e-6) for name, each in drawn.items()}
    furthest = np.max([each / alone[name] for name, each in drawn.items()], axis=0)
    factor = float(np.quantile(furthest, 1 - false_alarms))
    return {name: limit * factor for name, limit in alone.items()}


def slice_columns(slices: Mapping[str, np.ndarray], gaps: np.ndarray) -> np.ndarray:
    """What `against_the_others` needs of each row: (n, 2K + 2), to be added up."""
    masks = np.column_stack([*slices.values()]).astype("float64")
    return np.hstack([masks, masks * gaps[:, None], np.ones((len(gaps), 1)), gaps[:, None]])


def against_the_others(sums: np.ndarray) -> np.ndarray:
    """Each slice's mean gap less that of all rows outside it: (B, K) from sums (B, 2K + 2); NaN without rows.

    Against the others, so that a prior that moved everywhere makes no slice odd.
    """
    count = (sums.shape[1] - 2) // 2
    rows, gaps, all_rows, all_gaps = np.split(sums, [count, 2 * count, 2 * count + 1], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return gaps / rows - (all_gaps - gaps) / (all_rows - rows)


def window_psi(matrix_and_score: Mapping[str, np.ndarray], references: Mapping[str, Reference]) -> dict[str, float]:
    """PSI of each column of a window against its reference."""
    return {name: psi(one.counts, one.count(matrix_and_score[name])) for name, one in references.items()}


def _blocks(service_date: np.ndarray, window_days: int, seed: int) -> np.ndarray:
    """How often each day is in each drawn window: (DRAWN, D). A window is made of runs of at most a week."""
    days = len(np.unique(service_date))
    run = min(WEEK, window_days, days)
    drawn = np.random.default_rng(seed).integers(days - run + 1, size=(DRAWN, round(window_days / run)))
    result = np.zeros((DRAWN, days))
    for offset in range(run):
        for column in drawn.T:
            result[np.arange(DRAWN), column + offset] += 1
    return result


def _daily_counts(reference: Reference, values: np.ndarray, service_date: np.ndarray) -> np.ndarray:
    """The reference's bins, counted day by day: (D, bins)."""
    days = np.unique(service_date, return_inverse=True)[1]
    bins = len(reference.counts)
    cells = np.bincount(days * bins + reference.bin_indices(values), minlength=(days.max() + 1) * bins)
    return cells.reshape(-1, bins)
