"""What the batch monitor holds against a limit, as plain data: the alerts, the report and the loop read these limits.

Each check looks at event time `now` and uses no label that was not known then.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mlsystem.domain import PROBLEM
from mlsystem.drift import psi
from mlsystem.model_registry.champion import Champion
from mlsystem.monitoring.bootstrap_metrics import gap_interval
from mlsystem.monitoring.performance import DUE_AFTER, labelled, service_dates
from mlsystem.monitoring.skew import BUDGET, SkewReport
from mlsystem.storage import Partitions
from mlsystem.training.bootstrap_intervals import Interval

SHORT, LONG = timedelta(days=7), timedelta(days=28)  # a reference window; and as many days as a retraining looks at
FEWEST_DAYS = 6  # with a due label, of the short window: a weekend is no week
FEWEST_LABELS_DAYS = 14  # of the long window: an interval drawn from fewer days is too narrow
GAP_LIMIT = PROBLEM.limits.gap  # decision 0022: how often a healthy champion is over it, and a frozen one
UNLABELLED_LIMIT = 0.10  # of a week's due questions
QUARANTINE_LIMIT = 0.01  # of a day's rows
UNKNOWN = "not known yet"


@dataclass(frozen=True)
class Check:
    """Breached above its limit. NaN, when there is too little to measure, is never breached, but it is told."""

    name: str
    value: float
    limit: float
    reason: str

    @property
    def is_breached(self) -> bool:
        return self.value > self.limit

    def as_json(self) -> dict[str, Any]:
        """For files: None for what is not a finite number."""
        numbers = {name: getattr(self, name) for name in ("value", "limit")}
        finite = {name: round(one, 4) if math.isfinite(one) else None for name, one in numbers.items()}
        return {"name": self.name, **finite, "breached": self.is_breached, "reason": self.reason}


def checks_at(
    now: datetime,
    predictions: pd.DataFrame,
    labels: pa.Table,
    champion: Champion,
    skew: SkewReport | None = None,
    quarantine_share: float = math.nan,
    stopped: Sequence[date] | None = None,
) -> tuple[Check, ...]:
    """All checks at `now`, from one row per question (batch.newest_per_question); rows asked after `now` do not count.

    Score and performance are those of the present champion's own answers: another model's say nothing of it.
    """
    asked = predictions[(predictions["as_of"] <= now) & (predictions["as_of"] > now - LONG - DUE_AFTER)]
    labels = labels.filter(pc.is_in(labels["question_id"], pa.array(asked["question_id"], pa.string())))
    own = asked[asked["model_version"] == champion.version]
    return (
        _score_drift(own, champion, now),
        _live_performance(own[own["as_of"] > now - LONG], labels, now),
        _label_coverage(asked, labels, now),
        _skew(skew),
        Check(
            "quarantine_share",
            quarantine_share,
            QUARANTINE_LIMIT,
            UNKNOWN
            if math.isnan(quarantine_share)
            else f"{quarantine_share:.2%} of the newest day's rows are set aside",
        ),
        _stopped(stopped),
    )


def _score_drift(own: pd.DataFrame, champion: Champion, now: datetime) -> Check:
    value, limit = score_psi(own, champion, now)
    if math.isnan(value):
        return Check("score_drift", value, limit, f"{UNKNOWN}: this champion has answered for less than a week")
    return Check("score_drift", value, limit, f"PSI {value:.3f} of the last 7 days' scores (limit {limit:.3f})")


def score_psi(own: pd.DataFrame, champion: Champion, now: datetime) -> tuple[float, float]:
    """PSI of the last week's scores of the champion's own answers, and its limit; NaN before there is a whole week.

    The limits come from whole weeks, and six quiet days are further off than any of these.
    """
    limit = champion.drift_limits.psi["score"] if champion.drift_limits else math.inf
    if champion.drift_limits is None or not (own["as_of"] <= now - SHORT).any():
        return math.nan, limit
    reference, week = champion.references["score"], own.loc[own["as_of"] > now - SHORT, "probability"]
    return psi(reference.counts, reference.count(week.to_numpy(dtype="float64"))), limit


def _live_performance(own: pd.DataFrame, labels: pa.Table, now: datetime) -> Check:
    joined = labelled(own, labels, now)
    dates = service_dates(joined)
    if len(np.unique(dates)) < FEWEST_LABELS_DAYS:
        said = f"{UNKNOWN}: {len(np.unique(dates))} days of this champion's answers have labels"
        return Check("live_performance", math.nan, GAP_LIMIT, said)
    probabilities = joined["probability"].to_numpy(dtype="float64")
    gap = gap_interval(probabilities, joined["label"].to_numpy(dtype=bool), dates)
    said = (
        f"the probabilities are {gap.value:+.3f} off ({gap.low:+.3f} to {gap.high:+.3f}) over {len(joined):,} "
        f"{PROBLEM.words.questions}"
    )
    return Check("live_performance", surely_off(gap), GAP_LIMIT, said)


def surely_off(gap: Interval) -> float:
    """How far the nearer end of the interval is from 0; 0 if it holds 0."""
    return max(gap.low, -gap.high, 0.0)


def _label_coverage(asked: pd.DataFrame, labels: pa.Table, now: datetime) -> Check:
    """Of the questions whose label fell due in the last 7 days: known or not, as of `now`."""
    due_at = asked["due_at"] + DUE_AFTER
    due = asked[(due_at <= now) & (due_at > now - SHORT)]
    if len(np.unique(service_dates(due))) < FEWEST_DAYS:
        return Check("label_coverage", math.nan, UNLABELLED_LIMIT, f"{UNKNOWN}: {len(due)} labels are due")
    share = 1 - len(labelled(due, labels, now)) / len(due)
    said = f"{share:.1%} of {len(due):,} due {PROBLEM.words.questions} have no label"
    return Check("label_coverage", share, UNLABELLED_LIMIT, said)


def _skew(skew: SkewReport | None) -> Check:
    if skew is None or skew.rows < skew.fewest_rows:
        return Check("skew", math.nan, skew.budget if skew else BUDGET, UNKNOWN)
    return Check("skew", skew.worst.share, skew.budget, skew.reason)


def quarantine_share(validated_dir: Path, day: date) -> float:
    """Of the rows of all tables on the service date, those that validation set aside; NaN if there are none at all."""
    good, bad = (
        sum(partition.rows(day) for partition in _tables(folder) if partition.path(day).exists())
        for folder in (validated_dir, validated_dir / "quarantine")
    )
    return bad / (good + bad) if good + bad else math.nan


def _stopped(days: Sequence[date] | None) -> Check:
    if days is None:
        return Check("stopped_days", math.nan, 0, UNKNOWN)
    return Check("stopped_days", len(days), 0, f"stopped by validation: {', '.join(map(str, days)) or 'no day'}")


def stopped_days(validated_dir: Path, last: date) -> list[date]:
    """Of the 28 service dates up to `last`, those that validation let not pass when it judged them last."""
    breaches = Partitions(validated_dir / "breaches")
    days = [last - timedelta(days=n) for n in reversed(range(LONG.days))]
    return [day for day in days if breaches.path(day).exists() and _is_stopped(breaches.read([day]))]


def _is_stopped(breaches: pa.Table) -> bool:
    is_of_days = pc.equal(breaches["table"], PROBLEM.days.name)
    return bool(pc.any(pc.and_(is_of_days, pc.equal(breaches["severity"], "critical"))).as_py())


def _tables(folder: Path) -> list[Partitions]:
    return [Partitions(folder / table.name) for table in PROBLEM.tables]
