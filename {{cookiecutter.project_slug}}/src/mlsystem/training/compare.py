"""The comparison: every candidate fitted, calibrated and evaluated alike; chosen on tune, reported on test."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa

from mlsystem.domain import PROBLEM
from mlsystem.drift import Reference, category_reference, number_reference
from mlsystem.storage import FINGERPRINT_KEY, digest
from mlsystem.training import attributions, boosting
from mlsystem.training.candidates import CANDIDATES, Model
from mlsystem.training.climatology import Climatology
from mlsystem.training.drift_limits import DriftLimits, drift_limits
from mlsystem.training.evaluation import Evaluation, evaluate
from mlsystem.training.feature_dropout import DROPOUTS, without
from mlsystem.training.money import Worth, by_month, sensitivity, worth
from mlsystem.training.slices import Slice, slices, watched
from mlsystem.training.split import Rows, Split, default_split, rows_of, split_rows
from mlsystem.training.trained_model import Fitted, Trained, fit

logger = logging.getLogger(__name__)

SCORE = "score"  # the name of the predictions' own reference, beside the columns'
LATENCY_ROWS = 200
HINDSIGHT = [f"view {name}" for name in PROBLEM.optional_views]  # what a caller need not say may be known of some alone
EXPLAINED_ROWS = 500  # of test; exact contributions take a millisecond each


@dataclass(frozen=True)
class Result:
    """One candidate. `scores` are its calibrated probabilities for the test rows, in their order."""

    fitted: Fitted
    tune: Evaluation
    test: Evaluation
    slices: tuple[Slice, ...]  # of test
    outages: Mapping[str, Mapping[str, float]]  # by what is missing: the metrics of tune without it
    variants: Mapping[str, Mapping[str, float]]  # of test: the metrics as the model says it, and by Platt's correction
    worth: Worth  # of test
    months: Mapping[str, Worth]
    sensitivity: tuple[Mapping[str, float], ...]  # of the savings on test to the assumed costs
    reasons: Mapping[str, float]  # how far its contributions agree with exact ones; empty where they are exact
    scores: np.ndarray
    score_reference: Reference
    latency_ms: float  # one row, median

    @property
    def name(self) -> str:
        return self.fitted.name


@dataclass(frozen=True)
class Comparison:
    """What one training set taught. Two runs with the same set, seed and threads differ in their timings only."""

    results: Mapping[str, Result]
    chosen: str
    split: Split
    references: Mapping[str, Reference]  # by MODEL_COLUMN, of the training rows
    drift_limits: DriftLimits | None  # of the chosen one's out-of-fold scores, and of the training rows
    outcomes: np.ndarray  # of the test rows
    without_hindsight: Mapping[str, float]  # of test, had no caller said more than must be said
    about: Mapping[str, Any]  # plain JSON: rows, days and base rate of each part, fingerprints, seed, threads

    @property
    def winner(self) -> Result:
        return self.results[self.chosen]

    def trained(self, name: str) -> Trained:
        """One candidate with what belongs to it."""
        result = self.results[name]
        return Trained(
            result.fitted,
            {"tune": result.tune.metrics, "test": result.test.metrics},
            result.latency_ms,
            {**self.references, SCORE: result.score_reference},
            self.drift_limits if name == self.chosen else None,
            cast(Climatology, self.results["climatology"].fitted.model),
            self.about,
        )


def compare(
    training_set: pa.Table,
    seed: int,
    threads: int,
    split: Split | None = None,
) -> Comparison:
    """Fit all candidates on train; choose the cheapest on tune (equal: lowest log-loss); measure all on test.

    Nothing is chosen on test. Raises UnusableTrainingSet if a part has not both labels.
    """
    rows = rows_of(training_set)
    split = split or default_split(*rows.days)
    parts = split_rows(rows, split)
    results = {}
    for place, name in enumerate(CANDIDATES, start=1):
        logger.info("%s: candidate %s of %s", name, place, len(CANDIDATES))
        results[name] = _result(name, parts, seed, threads)
        cost = results[name].tune.metrics["cost_per_1000"]
        seconds = results[name].fitted.seconds
        logger.info("%s: fitted in %.1f s, %s per 1,000 tuning rows", name, seconds, f"{cost:,.0f}")
    logger.info("drift limits from reference weeks")
    chosen = min(results.values(), key=lambda r: (r.tune.metrics["cost_per_1000"], r.tune.metrics["log_loss"]))
    references = column_references(parts["train"])
    return Comparison(
        results,
        chosen.name,
        split,
        references,
        watched_limits(chosen.fitted, parts["train"], {**references, SCORE: chosen.score_reference}, seed),
        parts["test"].label,
        evaluate(chosen.fitted.predict(without(parts["test"], *HINDSIGHT).matrix), parts["test"].label).metrics,
        {
            **{name: part.about() for name, part in parts.items()},
            "training_fingerprint": digest(rows.matrix.tobytes(), rows.label.tobytes(), rows.service_date.tobytes()),
            "made_from": (training_set.schema.metadata or {}).get(FINGERPRINT_KEY, b"").decode(),
            "seed": seed,
            "threads": threads,
        },
    )


def _result(name: str, parts: Mapping[str, Rows], seed: int, threads: int) -> Result:
    train, tune, test = (parts[part] for part in ("train", "tune", "test"))
    fitted = fit(name, train, tune, seed, threads)
    logger.info("%s: evaluating on %s rows", name, f"{len(test):,}")
    raw = fitted.model.predict_proba(test.matrix)
    scores = fitted.calibration.apply(raw)
    return Result(
        fitted,
        evaluate(fitted.predict(tune.matrix), tune.label),
        evaluate(scores, test.label),
        slices(scores, test),
        {name: evaluate(fitted.predict(without(tune, name).matrix), tune.label).metrics for name in DROPOUTS},
        {how: evaluate(one, test.label).metrics for how, one in (("raw", raw), ("platt", fitted.platt.apply(raw)))},
        worth(scores, test, seed),
        by_month(scores, test, seed),
        tuple(sensitivity(scores, test.label)),
        _reasons(fitted.model, test.matrix),
        scores,
        score_reference(fitted),
        latency_ms(fitted.model, test.matrix),
    )


def _reasons(model: Model, matrix: np.ndarray) -> dict[str, float]:
    rows = matrix[:: max(1, len(matrix) // EXPLAINED_ROWS)][:EXPLAINED_ROWS]
    if not isinstance(model, boosting.BoostedTrees):
        return {}
    return attributions.agreement(model.contributions(rows), model.exact_contributions(rows))


def watched_limits(fitted: Fitted, train: Rows, references: Mapping[str, Reference], seed: int) -> DriftLimits | None:
    """What a week of live scores keeps to, from out-of-fold ones; `references` has the score too. None without any."""
    known = ~np.isnan(fitted.held_out)
    rows = train.where(known)
    return drift_limits(rows, fitted.held_out[known], references, watched(rows), seed) if len(rows) else None


def score_reference(fitted: Fitted) -> Reference:
    """The distribution of the out-of-fold probabilities: of rows that the model has not seen, like the live ones."""
    return number_reference(SCORE, fitted.held_out[~np.isnan(fitted.held_out)])


def column_references(train: Rows) -> dict[str, Reference]:
    """The training distribution of every column."""
    return {
        name: category_reference(name, values, len(PROBLEM.codes[name]))
        if name in PROBLEM.codes
        else number_reference(name, values)
        for name, values in zip(PROBLEM.model_columns, train.matrix.T, strict=True)
    }


def latency_ms(model: Model, matrix: np.ndarray) -> float:
    """The median time of one row's prediction, after one to warm up."""
    seconds = []
    for index in range(min(LATENCY_ROWS, len(matrix))):
        started = time.perf_counter()
        model.predict_proba(matrix[index : index + 1])
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[1:] or seconds)) * 1e3
