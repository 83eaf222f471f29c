"""Training a challenger by a recipe that can be judged: once without the last weeks, and then again on everything.

The rehearsal learns from all but the last 28 days, and the gate judges it on those: days that chose nothing of it. The
challenger is the same recipe, with the size that the rehearsal chose, on all that is known: the freshest days are the
ones that it must not miss.
"""

import logging
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from mlsystem.retraining.window import expanding_split, is_known
from mlsystem.storage import digest
from mlsystem.training.calibration import calibrate
from mlsystem.training.candidates import CANDIDATES
from mlsystem.training.compare import SCORE, column_references, latency_ms, score_reference, watched_limits
from mlsystem.training.evaluation import evaluate
from mlsystem.training.feature_dropout import with_dropout
from mlsystem.training.split import Rows, require_both_labels
from mlsystem.training.trained_model import Fitted, Trained, checked, fit

logger = logging.getLogger(__name__)

FAMILY = "lightgbm"
FEWEST_JUDGED = timedelta(days=7)  # the gate's fewest days


@dataclass(frozen=True)
class Lesson:
    """What can be learned at a moment, in the order of time."""

    train: Rows  # the rehearsal's trees
    tune: Rows  # how many of them
    judged: Rows  # the last weeks: the gate's; the challenger learns from them too, the rehearsal never
    judged_from: date

    @property
    def before(self) -> Rows:
        """All that the rehearsal may know."""
        return joined(self.train, self.tune)

    @property
    def everything(self) -> Rows:
        return joined(self.before, self.judged)


def joined(first: Rows, second: Rows) -> Rows:
    return Rows(
        np.vstack([first.matrix, second.matrix]),
        np.concatenate([first.label, second.label]),
        np.concatenate([first.service_date, second.service_date]),
    )


def window(
    rows: Rows, known_at: np.ndarray, first_day: date, today: date, champion_since: date | None = None
) -> Lesson:
    """At 00:00 UTC of `today`: only labels known by then; for the rehearsal only those known before its last weeks.

    A champion that learned until a day within these weeks is met by a rehearsal that learned as long: else it would win
    by its newer days. Raises UnusableTrainingSet if a part has not both labels.
    """
    judged_from = expanding_split(first_day, today).train_until
    if champion_since is not None:
        judged_from = max(judged_from, min(champion_since, today - FEWEST_JUDGED))
    tuned_from = np.datetime64(expanding_split(first_day, judged_from).train_until)
    known, before = (is_known(known_at, rows.service_date, day) for day in (today, judged_from))
    is_train = rows.service_date < tuned_from
    lesson = Lesson(
        rows.where(before & is_train), rows.where(before & ~is_train), rows.where(known & ~before), judged_from
    )
    require_both_labels({"train": lesson.train, "tune": lesson.tune, "judged": lesson.judged})
    return lesson


def rehearsed(lesson: Lesson, seed: int, threads: int) -> tuple[Fitted, Fitted]:
    """The rehearsal, and the challenger that the same recipe makes of everything.

    The calibrator of the rehearsal is fitted on its own days' out-of-fold scores alone.
    """
    chosen = CANDIDATES[FAMILY].fit(with_dropout(lesson.train, seed), lesson.tune, seed, threads)
    before, everything = lesson.before, lesson.everything
    logger.info("the chosen size, on %s rows for the rehearsal and on %s", f"{len(before):,}", f"{len(everything):,}")
    past, model = (
        CANDIDATES[FAMILY].refit(chosen, with_dropout(rows, seed), seed, threads) for rows in (before, everything)
    )
    challenger = checked(FAMILY, model, everything, seed, threads, 0.0)
    scores = challenger.raw_held_out[: len(before)]
    return Fitted(FAMILY, past, *calibrate(scores, before), scores, 0.0), challenger


def train_challenger(lesson: Lesson, today: date, seed: int, threads: int) -> Trained:
    """The model with all that the registry keeps of one. It has no test: its questions are still to come."""
    rehearsal, model = rehearsed(lesson, seed, threads)
    logger.info("drift limits from reference weeks")
    everything = lesson.everything
    references = {**column_references(everything), SCORE: score_reference(model)}
    climatology = fit("climatology", everything, everything, seed, threads).model
    about = {"tune": lesson.judged.about(), "seed": seed, "threads": threads}
    past = Trained(
        rehearsal,
        {"tune": evaluate(rehearsal.predict(lesson.judged.matrix), lesson.judged.label).metrics},
        latency_ms(rehearsal.model, lesson.judged.matrix),
        references,
        None,
        climatology,  # type: ignore[arg-type]  # a candidate's name says its class
        about | _of(lesson.before, lesson.judged_from),
    )
    return replace(
        past,
        fitted=model,
        latency_ms=latency_ms(model.model, lesson.judged.matrix),
        drift_limits=watched_limits(model, everything, references, seed),
        about=about | _of(everything, today),
        rehearsal=past,
    )


def _of(rows: Rows, today: date) -> dict[str, Any]:
    fingerprint = digest(rows.matrix.tobytes() + rows.label.tobytes())
    return {"train": rows.about(), "trained_on": str(today), "training_fingerprint": fingerprint}
