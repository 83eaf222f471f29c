"""Whether to train a challenger now, and why in one sentence: a pure function of measured numbers.

The policy is the calendar: once a month, for a training costs less than what a month-old model loses (decision 0023).
The trigger is for what no calendar can know: something that breaks between two dates.
"""

import math
from dataclasses import dataclass
from datetime import date

from mlsystem import wording
from mlsystem.domain import PROBLEM
from mlsystem.training.bootstrap_intervals import Interval


@dataclass(frozen=True)
class Limits:
    """What keeps a retraining from being asked for too early (decision 0023)."""

    window_days: int = 28  # what is told of live performance: four of each weekday
    fewest_new_labels: int = PROBLEM.limits.usual_week  # fewer teach nothing new
    fewest_days_between: int = 7  # so that the trigger's week is the newest champion's, not the one's before
    calendar_days_after: int = 14  # what the trigger trained two weeks ago or less needs no training by the calendar
    fewest_window_labels: int = (
        PROBLEM.limits.usual_week
    )  # below, live performance says nothing, and drift is the only witness


@dataclass(frozen=True)
class Measured:
    """What is known on the day of the decision. NaN is not known."""

    today: date
    trained_on: date  # the day of the last retraining, also of one that the gate refused
    new_labels: int  # known since then
    window_labels: int  # known of the last `window_days`
    gap: Interval  # of the window: mean probability less the share that is true, 90 % over weeks
    week_gap: float  # of the last seven days; NaN before the champion has answered for so long
    week_gap_limits: tuple[float, float]  # what out-of-fold weeks of its own training keep to: training/drift_limits.py
    score_psi: float  # of the last week against training; NaN before the champion has answered a whole one
    score_psi_limit: float


@dataclass(frozen=True)
class Decision:
    """`because` is one sentence, for the record and for whoever wonders."""

    retrain: bool
    reason: str


def decide(measured: Measured, limits: Limits | None = None) -> Decision:
    """Retrain in a month that has had no training, or if the last week broke with the model; not without new labels.

    Drift of inputs, and a prior that moved while the probabilities moved with it, are no reason: they cost nothing.
    """
    limits = limits or Limits()
    cause, hindrance = _cause(measured, limits), _hindrance(measured, limits)
    if cause is None:
        return Decision(False, f"no retraining: the last was on {measured.trained_on}, and {_well(measured, limits)}")
    if hindrance is not None:
        return Decision(False, f"no retraining yet, though {cause}: {hindrance}")
    return Decision(True, f"retrain: {cause}")


def _cause(measured: Measured, limits: Limits) -> str | None:
    low, high = measured.week_gap_limits
    if measured.week_gap < low or measured.week_gap > high:
        off = f"{wording.number(abs(measured.week_gap), '.1%')} {'more' if measured.week_gap > 0 else 'fewer'}"
        return (
            f"in the last week it promised {off} {PROBLEM.words.positive} than came (weeks of its training: "
            f"{wording.between(low, high, '+.1%')}), so something broke"
        )
    if measured.window_labels < limits.fewest_window_labels and measured.score_psi > measured.score_psi_limit:
        value, limit = (wording.number(one, ",.3f") for one in (measured.score_psi, measured.score_psi_limit))
        return (
            f"the scores drifted (PSI {value}, limit {limit}) and only {measured.window_labels:,} labels say what that "
            "costs"
        )
    is_new_month = measured.trained_on < measured.today.replace(day=1)
    if is_new_month and (measured.today - measured.trained_on).days > limits.calendar_days_after:
        return f"the last was on {measured.trained_on}, and each month has one"
    return None


def _hindrance(measured: Measured, limits: Limits) -> str | None:
    age = (measured.today - measured.trained_on).days
    if measured.new_labels < limits.fewest_new_labels:
        return f"only {measured.new_labels:,} new labels (at least {limits.fewest_new_labels:,})"
    if age < limits.fewest_days_between:
        return f"the last was {age} days ago (at least {limits.fewest_days_between})"
    return None


def _well(measured: Measured, limits: Limits) -> str:
    """What is known of the champion, or that nothing is."""
    labels, gap = f"{measured.window_labels:,} labels", measured.gap
    if measured.window_labels < limits.fewest_window_labels or not all(map(math.isfinite, vars(gap).values())):
        return f"{labels} of the last {limits.window_days} days are too few to say what its probabilities are worth"
    verdict = "no more than chance" if gap.low <= 0 <= gap.high else "more than chance, but no break"
    said = f"{labels} show its probabilities {gap.value:+.1%} off ({wording.between(gap.low, gap.high, '+.1%')})"
    return f"{said}, {verdict}"
