"""Training a challenger: the family that won the comparison, on all that is known at a moment."""

from datetime import date

import numpy as np

from mlsystem.retraining.window import expanding_split, is_known
from mlsystem.storage import digest
from mlsystem.training.compare import SCORE, column_references, latency_ms, score_reference, watched_limits
from mlsystem.training.evaluation import evaluate
from mlsystem.training.split import Rows, require_both_labels
from mlsystem.training.trained import Fitted, Trained, fit

FAMILY = "lightgbm"


def window(rows: Rows, known_at: np.ndarray, first_day: date, today: date) -> tuple[Rows, Rows]:
    """Train and tune of a retraining at 00:00 UTC of `today`: only labels known by then.

    Raises UnusableTrainingSet if one of them has not both late and punctual flights.
    """
    split = expanding_split(first_day, today)
    known, is_train = is_known(known_at, rows.service_date, today), rows.service_date < np.datetime64(split.train_until)
    train, tune = rows.where(known & is_train), rows.where(known & ~is_train)
    require_both_labels({"train": train, "tune": tune})
    return train, tune


def fitted(train: Rows, tune: Rows, seed: int, threads: int) -> Fitted:
    """The model alone: what a policy that is only compared needs."""
    return fit(FAMILY, train, tune, seed, threads)


def train_challenger(train: Rows, tune: Rows, today: date, seed: int, threads: int) -> Trained:
    """The model with all that the registry keeps of one. It has no test: its flights are still to come."""
    model = fitted(train, tune, seed, threads)
    references = {**column_references(train), SCORE: score_reference(model)}
    climatology = fit("climatology", train, tune, seed, threads).model
    parts = {"train": train, "tune": tune}
    fingerprint = digest(*(part.matrix.tobytes() + part.is_late.tobytes() for part in parts.values()))
    return Trained(
        model,
        {"tune": evaluate(model.predict(tune.matrix), tune.is_late).metrics},
        latency_ms(model.model, tune.matrix),
        references,
        watched_limits(model, train, references, seed),
        climatology,  # type: ignore[arg-type]  # a candidate's name says its class
        {name: part.about() for name, part in parts.items()}
        | {
            "trained_on": str(today),
            "training_fingerprint": fingerprint,
            "seed": seed,
            "threads": threads,
        },
    )
