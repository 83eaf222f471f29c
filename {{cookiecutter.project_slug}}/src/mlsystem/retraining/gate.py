"""The gate: whether a challenger may replace the champion, rule by rule, with what was found and what the limit is."""

from dataclasses import dataclass

import numpy as np

from mlsystem import wording
from mlsystem.domain import PROBLEM
from mlsystem.retraining.evidence import Evidence, Harm, harms, mean_gains
from mlsystem.training.bootstrap_intervals import Interval
from mlsystem.training.calibration import platt
from mlsystem.training.evaluation import ece

LIMITS = PROBLEM.limits
PER_1000 = f"{PROBLEM.costs.currency} per 1,000"


@dataclass(frozen=True)
class Limits:
    """What promotion needs, each with its reason; decision 0016 has the measurements."""

    fewest_labels: int = LIMITS.usual_week  # with fewer a saving of 1 % drowns in its interval
    fewest_days: int = 7  # the bootstrap draws days, and a week has each kind of day
    level: float = 0.9  # two-sided: a model that is worse by just the margin passes 1 time in 20, and it must pass both
    most_worse_cost: float = LIMITS.worse_cost  # per 1,000; less than two months' newer data gain
    most_worse_log_loss: float = LIMITS.worse_log_loss
    slice_fewest: int = 2 * LIMITS.fewest  # fewer have no mean worth a verdict
    most_worse_slice_cost: float = LIMITS.worse_slice_cost
    slice_log_loss: float = LIMITS.worse_log_loss
    slice_confidence: float = 0.95  # that no slice is called worse by chance, over all slices together
    most_ece: float = LIMITS.ece
    most_worse_ece: float = LIMITS.worse_ece
    slope: tuple[float, float] = (0.8, 1.25)  # of log-odds: below, too sure of itself; above, too timid
    most_latency_ms: float = 2.0  # one row; the rest of a request takes about 3
    fewest_shadowed: int = 200  # live questions
    shadow_share: float = 0.95  # of them scored: the last seconds' may still be on their way
    shadow_furthest: float = 1e-6  # the file that is judged is the model that answered
    most_bytes: int = 20_000_000  # loads in under a second, several fit beside one another


@dataclass(frozen=True)
class Rule:
    """One condition of promotion."""

    name: str
    is_met: bool
    found: str
    limit: str

    def __str__(self) -> str:
        return f"{self.name}: {self.found}; {'' if self.is_met else 'not '}within the limit: {self.limit}"


@dataclass(frozen=True)
class Verdict:
    """Promoted only if every rule is met."""

    rules: tuple[Rule, ...]

    @property
    def accepted(self) -> bool:
        return all(rule.is_met for rule in self.rules)

    @property
    def refused_by(self) -> tuple[str, ...]:
        """The names of the rules that are not met."""
        return tuple(rule.name for rule in self.rules if not rule.is_met)

    @property
    def reason(self) -> str:
        """One sentence for the record."""
        if self.accepted:
            return f"accepted: all {len(self.rules)} rules are met; " + self.rules[1].found
        return "refused: " + "; ".join(str(rule) for rule in self.rules if not rule.is_met)


def judge(evidence: Evidence, limits: Limits | None = None, seed: int = 2013) -> Verdict:
    """Every rule, also after one has failed: who is refused learns all reasons at once. Same evidence, same verdict."""
    limits = limits or Limits()
    measured: tuple[Rule, ...] = ()
    if _is_measurable(evidence):
        measured = (*_gains(evidence, limits, seed), _slices(evidence, limits, seed), *_calibration(evidence, limits))
    return Verdict((_enough(evidence, limits), *measured, *_budgets(evidence, limits)))


def _is_measurable(evidence: Evidence) -> bool:
    return evidence.days > 1 and len(np.unique(evidence.label)) == 2


def _enough(evidence: Evidence, limits: Limits) -> Rule:
    rows, days, words = len(evidence.label), evidence.days, PROBLEM.words
    return Rule(
        "enough labels",
        rows >= limits.fewest_labels and days >= limits.fewest_days and _is_measurable(evidence),
        f"{rows:,} labelled {words.questions} of {days} days, {int(evidence.label.sum()):,} {words.positive}",
        f"at least {limits.fewest_labels:,} of {limits.fewest_days} days, both {words.positive} and {words.negative}",
    )


def _gains(evidence: Evidence, limits: Limits, seed: int) -> tuple[Rule, Rule]:
    money, log_loss = mean_gains(evidence, limits.level, seed)
    return (
        _gain("money", money, limits.most_worse_cost, limits, ".0f", f"{PER_1000} {PROBLEM.words.questions}"),
        _gain("log-loss", log_loss, limits.most_worse_log_loss, limits, ".4f", "of log-loss"),
    )


def _gain(name: str, gain: Interval, most_worse: float, limits: Limits, form: str, unit: str) -> Rule:
    """The recipe is the champion's, only on newer days: it has to be shown not worse, for the days that make it better
    are those that the judged one has not seen."""
    between = wording.between(gain.low, gain.high, f"+{form}")
    found = f"gains {wording.number(gain.value, f'+{form}')} {unit} ({limits.level:.0%} interval {between})"
    return Rule(name, gain.low > -most_worse, found, f"the interval above {wording.number(-most_worse, form)}")


def _slices(evidence: Evidence, limits: Limits, seed: int) -> Rule:
    money, log_loss = harms(evidence, limits.slice_fewest, limits.slice_confidence, seed)
    worse = [_harm(one, ".0f", PER_1000) for one in money if one.at_least > limits.most_worse_slice_cost]
    worse += [_harm(one, ".4f", "of log-loss") for one in log_loss if one.at_least > limits.slice_log_loss]
    return Rule(
        "slices",
        not worse,
        "; ".join(worse) or f"none of {len(money)} slices is surely worse",
        f"no slice surely ({limits.slice_confidence:.0%} over all at once) worse by more than "
        f"{limits.most_worse_slice_cost:.0f} {PER_1000} or {limits.slice_log_loss} of log-loss",
    )


def _harm(harm: Harm, form: str, unit: str) -> str:
    value, bound = wording.number(harm.value, form), wording.number(harm.at_least, form)
    return f"{harm.slice} loses {value} {unit}, at least {bound} ({harm.rows:,} {PROBLEM.words.questions})"


def _calibration(evidence: Evidence, limits: Limits) -> tuple[Rule, Rule]:
    error, others = (ece(one, evidence.label) for one in (evidence.challenger, evidence.champion))
    most = max(limits.most_ece, others + limits.most_worse_ece)
    with np.errstate(over="ignore", invalid="ignore"):  # a model sure of everything has no slope: NaN, and is refused
        slope = platt(evidence.challenger, evidence.label).slope
    low, high = limits.slope
    return (
        Rule(
            "calibration error",
            error <= most,
            f"ECE {wording.number(error, '.3f')}",
            f"at most {wording.number(most, '.3f')}",
        ),
        Rule(
            "calibration slope",
            low <= slope <= high,
            f"slope {wording.number(slope, ',.2f')} of log-odds",
            f"{low} to {high}",
        ),
    )


def _budgets(evidence: Evidence, limits: Limits) -> tuple[Rule, ...]:
    milliseconds, size, skew, shadow = evidence.latency_ms, evidence.size_bytes, evidence.skew, evidence.shadow
    return (
        Rule(
            "shadow",
            shadow.scored >= max(limits.fewest_shadowed, limits.shadow_share * shadow.asked)
            and shadow.furthest <= limits.shadow_furthest,
            f"{shadow.scored:,} of {shadow.asked:,} live questions scored, the furthest "
            f"{wording.figure(shadow.furthest, 2)} from its file's answer",
            f"at least {limits.fewest_shadowed:,} and {limits.shadow_share:.0%} scored, each within "
            f"1 in {1 / limits.shadow_furthest:,.0f}",
        ),
        Rule(
            "latency",
            milliseconds <= limits.most_latency_ms,
            f"{wording.number(milliseconds, '.2f')} ms for one row",
            f"at most {limits.most_latency_ms:g} ms",
        ),
        Rule("size", size <= limits.most_bytes, f"{size:,} bytes", f"at most {limits.most_bytes:,} bytes"),
        Rule("skew", skew.is_green, skew.reason, skew.limit),
    )
