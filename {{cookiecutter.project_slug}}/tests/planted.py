"""Questions with a known law of the label, made from the declarations: rows to learn from, and not a year of them."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa

from mlsystem.contract.slices import Bands, Conditions
from mlsystem.domain import PROBLEM
from mlsystem.training.compare import Comparison

FIRST_DAY = PROBLEM.first_day
CATEGORY = next(iter(PROBLEM.codes))  # the category that matters
CONDITIONS = [
    condition
    for one in PROBLEM.slices
    if isinstance(one, Conditions)
    for each in one.where.values()
    for condition in each
]
# The number that matters: of the store, over a window, and of no slice.
VIEW, DRIVER = next(
    (view, feature.name)
    for view in PROBLEM.views
    if view.is_input and view.is_expected
    for feature in view.features
    if feature.type == "number" and feature.window_hours and feature.name not in {column for column, *_ in CONDITIONS}
)


def planted_training_set(
    days: int = 60, questions_a_day: int = 60, missing: float = 1 / 3, seed: int = 7, share: float | None = None
) -> pa.Table:
    """A training set in which DRIVER (`missing` of it) and CATEGORY make the label true, in about `share` of the rows.

    If `share` is not said, it is where acting costs as much as not acting: what is known of a question decides.
    """
    random, n = np.random.default_rng(seed), days * questions_a_day
    columns = {name: random.normal(size=n) for name in PROBLEM.model_columns}
    columns |= {name: random.integers(len(codes), size=n).astype(float) for name, codes in PROBLEM.codes.items()}
    for band in (one for one in PROBLEM.slices if isinstance(one, Bands)):
        columns[band.column] = np.floor(random.uniform(band.edges[0] * band.per, band.edges[-1] * band.per, n))
    for name in dict.fromkeys(column for column, *_ in CONDITIONS):
        columns[name] = _around([limit for column, _, limit in CONDITIONS if column == name], name, random, n)
    drive = random.random(n)
    feature = PROBLEM.model_feature[DRIVER]
    value = feature.minimum + drive * (feature.maximum - feature.minimum)
    columns[DRIVER] = np.where(random.random(n) < missing, np.nan, value)
    weight = columns[CATEGORY] / len(PROBLEM.codes[CATEGORY])
    probability = _with_mean(5 * drive + 1.6 * weight, PROBLEM.costs.act_above if share is None else share)
    about = {
        "question_id": [f"question {index}" for index in range(n)],
        "service_date": [FIRST_DAY + timedelta(days=index // questions_a_day) for index in range(n)],
        "label": random.random(n) < probability,
    }
    return pa.table({**about, **{name: columns[name] for name in PROBLEM.model_columns}})


def _around(limits: list[float], name: str, random: np.random.Generator, n: int) -> np.ndarray:
    """Values at the limits of the column's conditions, and below and above all of them, as often."""
    feature = PROBLEM.model_feature[name]
    ends = [(feature.minimum, min(limits)), (max(limits), max(limits)), (max(limits), feature.maximum)]
    kinds = np.stack([random.uniform(low, high, n) for low, high in ends if low < high or low == max(limits)])
    return kinds[random.integers(len(kinds), size=n), np.arange(n)]


def _with_mean(log_odds: np.ndarray, mean: float) -> np.ndarray:
    """The probabilities of these log-odds, all moved by the constant that gives them that mean."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        found = 1 / (1 + np.exp(-(log_odds + middle)))
        low, high = (low, middle) if found.mean() > mean else (middle, high)
    return found


def broken(comparison: Comparison) -> Comparison:
    """The climatology of it alone, whole in every file, with a calibration that makes each probability NaN."""
    result = comparison.results["climatology"]
    fitted = replace(result.fitted, calibration=replace(result.fitted.calibration, slope=float("nan")))
    return replace(comparison, results={result.name: replace(result, fitted=fitted)}, chosen=result.name)
