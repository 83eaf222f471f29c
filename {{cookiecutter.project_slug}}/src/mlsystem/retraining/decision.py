"""Whether to train a challenger now, and why in one sentence: a pure function of measured numbers."""

from dataclasses import dataclass
from datetime import date

from mlsystem.training.bootstrap import Interval


@dataclass(frozen=True)
class Limits:
    """When a retraining is worth its cost; benchmarks/retraining.py measures what each limit does (decision 0016)."""

    window_days: int = 28  # what is measured live: four of each weekday, some 25,000 labels
    fewest_new_labels: int = 5_000  # a week of New York; fewer teach nothing that the champion does not know
    fewest_days_between: int = 28  # so that the window shows the newest champion, not the one before
    most_days_between: int = 120  # a season: what is never asked is not known to be well
    fewest_window_labels: int = 5_000  # below, live performance says nothing, and drift is the only witness


@dataclass(frozen=True)
class Measured:
    """What is known on the day of the decision. Intervals are over days, 90 %, of the last `window_days`."""

    today: date
    trained_on: date  # the day of the last retraining, also of one that the gate refused
    new_labels: int  # known since then
    window_labels: int  # known of the window's flights
    gap: Interval  # mean probability less the share that came late
    surplus: Interval  # log-loss less what the probabilities promise: monitoring/resampled.py
    score_psi: float  # of the last week against training; NaN before the champion has answered a whole one
    score_psi_limit: float  # calibrated on reference weeks: training/drift_limits.py


@dataclass(frozen=True)
class Decision:
    """`because` is one sentence, for the record and for whoever wonders."""

    retrain: bool
    because: str


def decide(measured: Measured, limits: Limits | None = None) -> Decision:
    """Retrain if the probabilities are wrong by more than chance, or blind and drifting, or old; not without labels.

    Drift of inputs, and a prior that moved while the probabilities moved with it, are no reason: they cost nothing.
    """
    limits = limits or Limits()
    age = (measured.today - measured.trained_on).days
    hindrance, cause = _hindrance(measured, age, limits), _cause(measured, age, limits)
    if cause is None:
        return Decision(False, f"no retraining: {_well(measured, age)}")
    if hindrance is not None:
        return Decision(False, f"no retraining yet, though {cause}: {hindrance}")
    return Decision(True, f"retrain: {cause}")


def _hindrance(measured: Measured, age: int, limits: Limits) -> str | None:
    if measured.new_labels < limits.fewest_new_labels:
        return f"only {measured.new_labels:,} new labels (at least {limits.fewest_new_labels:,})"
    if age < limits.fewest_days_between:
        return f"the last was {age} days ago (at least {limits.fewest_days_between})"
    return None


def _cause(measured: Measured, age: int, limits: Limits) -> str | None:
    gap, surplus = measured.gap, measured.surplus
    if measured.window_labels < limits.fewest_window_labels:
        if measured.score_psi > measured.score_psi_limit:
            return (
                f"the scores drifted (PSI {measured.score_psi:.3f}, limit {measured.score_psi_limit:.3f}) and only "
                f"{measured.window_labels:,} labels say what that costs"
            )
    elif gap.low > 0 or gap.high < 0:
        way = "more" if gap.value > 0 else "less"
        return f"it promises {abs(gap.value):.1%} {way} late flights than came (interval {_range(gap)})"
    elif surplus.low > 0:
        return f"its log-loss is {surplus.value:.4f} above what its probabilities promise (interval {_range(surplus)})"
    if age >= limits.most_days_between:
        return f"the last was {age} days ago (at most {limits.most_days_between})"
    return None


def _well(measured: Measured, age: int) -> str:
    return (
        f"{measured.window_labels:,} labels show its probabilities {measured.gap.value:+.1%} off (interval "
        f"{_range(measured.gap)}), no more than chance, and it is {age} days old"
    )


def _range(interval: Interval) -> str:
    return f"{interval.low:+.4f} to {interval.high:+.4f}"
