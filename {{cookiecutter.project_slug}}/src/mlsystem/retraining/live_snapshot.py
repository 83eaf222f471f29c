"""What is known of the live system at a moment, and what a decision needs of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mlsystem.model_registry.champion import Champion
from mlsystem.monitoring import batch, performance
from mlsystem.monitoring.checks import score_psi
from mlsystem.retraining.decision import Limits, Measured
from mlsystem.training.bootstrap_intervals import WEEK, Interval, weekly
from mlsystem.training.split import Rows

UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class LiveSnapshot:
    """The prediction log up to a moment, and every label; those of later are not looked at."""

    now: datetime
    log: pa.Table  # as prediction_log.read gives it
    predictions: pd.DataFrame  # the newest of each question
    labels: pa.Table  # as performance.read_labels gives it

    def answers_of(self, version: str | None, span: timedelta) -> pd.DataFrame:
        """What this version answered in the time before the moment."""
        answers = self.predictions
        inside = answers["as_of"].between(self.now - span, self.now)
        return answers[inside & (answers["model_version"] == version)]

    def log_since(self, span: timedelta) -> pa.Table:
        return self.log.filter(pc.greater_equal(self.log["as_of"], pa.scalar(self.now - span)))

    def labels_since(self, day: date) -> int:
        """How many became known from that day on."""
        known = self.labels["known_at"]
        since = pa.scalar(datetime.combine(day, datetime.min.time(), UTC))
        is_new = pc.and_(pc.greater_equal(known, since), pc.less_equal(known, pa.scalar(self.now)))
        return int(pc.sum(is_new).as_py() or 0)


def snapshot_at(log: pa.Table, labels: pa.Table, now: datetime | None = None) -> LiveSnapshot:
    """`now` is the midnight (UTC) after the newest prediction if it is not said."""
    newest = pc.max(log["as_of"]).as_py()
    midnight = datetime.combine(newest.date() + timedelta(days=1), datetime.min.time(), UTC)
    return LiveSnapshot(now or midnight, log, batch.newest_per_question(log), labels)


def joined(pieces: Sequence[LiveSnapshot], now: datetime) -> LiveSnapshot:
    """Several stretches of one log as one, at a moment. At least one."""
    predictions = pd.concat([piece.predictions for piece in pieces], ignore_index=True)
    newest = predictions.drop_duplicates("question_id", keep="last", ignore_index=True)
    return LiveSnapshot(now, pa.concat_tables([piece.log for piece in pieces]), newest, pieces[-1].labels)


def measure_champion(
    live: LiveSnapshot, champion: Champion, trained_on: date, limits: Limits | None = None
) -> Measured:
    """The champion's own answers of the last weeks, with the labels known by now."""
    span = timedelta(days=(limits or Limits()).window_days)
    answers = live.answers_of(champion.version, span)
    labels = live.labels.filter(pc.is_in(live.labels["question_id"], pa.array(answers["question_id"], pa.string())))
    joined = performance.labelled(answers, labels, live.now)
    rows, scores = performance.rows_of(joined), joined["probability"].to_numpy(dtype="float64")
    drift, limit = score_psi(answers, champion, live.now)
    return Measured(
        today=live.now.date(),
        trained_on=trained_on,
        new_labels=live.labels_since(trained_on),
        window_labels=len(joined),
        gap=weekly(scores - rows.label, rows.service_date) or UNKNOWN,
        week_gap=week_gap(scores, rows),
        week_gap_limits=champion.drift_limits.gap if champion.drift_limits else (-math.inf, math.inf),
        score_psi=drift,
        score_psi_limit=limit,
    )


def week_gap(scores: np.ndarray, rows: Rows) -> float:
    """Mean probability less base rate of the newest WEEK service dates with labels; NaN if there are fewer.

    The newest date of all is left out: at midnight some of its labels are not known yet.
    """
    days = np.unique(rows.service_date)[:-1][-WEEK:]
    inside = np.isin(rows.service_date, days)
    return float((scores - rows.label)[inside].mean()) if len(days) == WEEK else math.nan
