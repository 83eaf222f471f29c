"""How small an effect a test would show, in how long, and what it does when there is none: over the log's own units.

The test is Welch's t on unit totals by the delta method, after taking out what the champion expected of each question
(CUPED: its probability was there before the assignment). A unit's questions share its storms, so units are what counts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from mlsystem.practice.capacity.experiment_log import Log, Measure
from mlsystem.training.bootstrap_intervals import WEEK

ALPHA, POWER = 0.05, 0.8
SHARES = (0.1, 0.25, 0.5)  # of the units that get the new policy
MOST_WEEKS = 104
TIMES = 5_000  # re-randomisations


@dataclass(frozen=True)
class Totals:
    """By unit: what came out beyond what was expected, and the questions."""

    outcome: np.ndarray  # (U,)
    questions: np.ndarray  # (U,)

    @property
    def variance(self) -> float:
        """Of one unit's part in a mean over units."""
        ratio = self.outcome.sum() / self.questions.sum()
        return float(((self.outcome - ratio * self.questions) / self.questions.mean()).var(ddof=1))


def slope(log: Log, measure: Measure) -> float:
    """How much of the expectation is taken out, from days before the test's: by days, as those are drawn."""
    outcome, expected, questions = (
        np.bincount(log.day, weights=values) for values in (measure.outcome, measure.expected, np.ones(len(log.day)))
    )
    y, x = outcome / questions, expected / questions
    return float(np.cov(x, y)[0, 1] / np.var(x, ddof=1)) if np.var(x) > 0 else 0.0


def totals(measure: Measure, of: np.ndarray, taken_out: float, saved: np.ndarray | float = 0.0) -> Totals:
    """`saved`: what the new policy takes off each question's outcome, (n,)."""
    beyond = measure.outcome - taken_out * (measure.expected - measure.expected.mean()) - saved
    return Totals(np.bincount(of, weights=beyond), np.bincount(of).astype("float64"))


def effect(variance: float, units: float, share: float, alpha: float = ALPHA, power: float = POWER) -> float:
    """The minimal detectable effect of a two-sided test over so many units."""
    freedom = max(units - 2, 1)
    reach = stats.t.ppf(1 - alpha / 2, freedom) + stats.t.ppf(power, freedom)
    return float(reach * np.sqrt(variance / units * (1 / share + 1 / (1 - share))))


def chance(variance: float, units: float, share: float, size: float, alpha: float = ALPHA) -> float:
    """The power against an effect of that size."""
    freedom = max(units - 2, 1)
    noncentral = size / np.sqrt(variance / units * (1 / share + 1 / (1 - share)))
    edge = stats.t.ppf(1 - alpha / 2, freedom)
    return float(stats.nct.sf(edge, freedom, noncentral) + stats.nct.cdf(-edge, freedom, noncentral))


def weeks(variance: float, units_per_day: float, share: float, size: float, power: float = POWER) -> int | None:
    """Whole weeks until an effect of that size is shown; None if two years are not enough."""
    for number in range(1, MOST_WEEKS + 1):
        units = units_per_day * WEEK * number
        if units * share >= 2 and effect(variance, units, share, power=power) <= size:
            return number
    return None


def p_values(outcome: np.ndarray, questions: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Of each re-randomisation: all three are (times, units)."""
    found = []
    for arm in (treated, ~treated):
        units = arm.sum(axis=1)
        asked = (questions * arm).sum(axis=1)
        ratio = (outcome * arm).sum(axis=1) / asked
        parts = (outcome - ratio[:, None] * questions) / (asked / units)[:, None]
        found.append((ratio, ((parts**2) * arm).sum(axis=1) / (units - 1) / units, units))
    (one, of_one, n), (other, of_other, m) = found
    squared = of_one + of_other
    freedom = squared**2 / (of_one**2 / (n - 1) + of_other**2 / (m - 1))
    return 2 * stats.t.sf(np.abs(one - other) / np.sqrt(squared), freedom)


def replayed(
    control: Totals, new: Totals, units: int, share: float, seed: int, drawn: bool = True, times: int = TIMES
) -> dict[str, Any]:
    """The share of re-randomised tests that find an effect, with its 95 % interval.

    `drawn`: over `units` drawn from the log's with replacement; else over the log's own, each once.
    """
    random, own = np.random.default_rng(seed), len(control.questions)
    units = units if drawn else own
    chosen = random.integers(0, own, (times, units)) if drawn else np.tile(np.arange(own), (times, 1))
    treated = random.permuted(np.tile(np.arange(units) < max(2, round(share * units)), (times, 1)), axis=1)
    outcome = np.where(treated, new.outcome[chosen], control.outcome[chosen])
    hits = int((p_values(outcome, control.questions[chosen], treated) < ALPHA).sum())
    low, high = stats.binomtest(hits, times).proportion_ci()
    return {"share": hits / times, "low": float(low), "high": float(high), "times": times, "units": units}


def as_if_by_question(
    measure: Measure, of: np.ndarray, share: float, taken_out: float, seed: int, times: int = TIMES
) -> float:
    """The false positives of who assigns whole units and then tests as if each question had been assigned."""
    beyond = measure.outcome - taken_out * (measure.expected - measure.expected.mean())
    asked, total, squares = (np.bincount(of, weights=w) for w in (np.ones(len(of)), beyond, beyond**2))
    treated = np.random.default_rng(seed).permuted(
        np.tile(np.arange(len(asked)) < max(2, round(share * len(asked))), (times, 1)), axis=1
    )
    means, variances = [], []
    for arm in (treated, ~treated):
        n, mean = arm @ asked, (arm @ total) / (arm @ asked)
        means.append(mean)
        variances.append((arm @ squares / n - mean**2) / n)
    z = np.abs(means[0] - means[1]) / np.sqrt(variances[0] + variances[1])
    return float((2 * stats.norm.sf(z) < ALPHA).mean())
