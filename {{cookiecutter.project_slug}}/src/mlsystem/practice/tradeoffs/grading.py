"""How good predictions were: was the 80 % interval right that often, and were the probabilities. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVEL = 0.8  # of the intervals that are asked for
KNOWS_NOTHING = 0.25  # the Brier score of who always says 50 %


@dataclass(frozen=True)
class Prediction:
    """`a_better` is the probability that A is; `low` to `high` is where A - B lies, four times in five."""

    number: int
    a_better: float
    low: float
    high: float


def graded(one: Prediction, truth: float, is_higher_better: bool, others: Sequence[float]) -> dict[str, Any]:
    """`others` are the same metric's differences of all pairs: who knows nothing but these would say their middle."""
    is_better = float(truth > 0) if is_higher_better else float(truth < 0)
    ignorant = float(np.quantile(np.abs(others), LEVEL)) if len(others) else abs(truth)
    null = interval_score(-ignorant, ignorant, truth)
    return {
        "number": one.number,
        "truth": truth,
        "covered": one.low <= truth <= one.high,
        "brier": (one.a_better - (0.5 if truth == 0 else is_better)) ** 2,
        "interval_score": interval_score(one.low, one.high, truth) / null if null else None,
    }


def interval_score(low: float, high: float, truth: float) -> float:
    """Gneiting and Raftery's: the width, and ten times what the truth lies outside. Only honest intervals win."""
    return (high - low) + 2 / (1 - LEVEL) * (max(0.0, low - truth) + max(0.0, truth - high))


def summary(grades: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Over the questions of a round, or of all rounds."""
    relative = [one["interval_score"] for one in grades if one["interval_score"] is not None]
    return {
        "questions": len(grades),
        "coverage": float(np.mean([one["covered"] for one in grades])) if grades else None,
        "brier": float(np.mean([one["brier"] for one in grades])) if grades else None,
        "interval_score": float(np.median(relative)) if relative else None,
    }


def verdict(found: dict[str, Any]) -> str:
    """What a person can take from it."""
    questions, covered = found["questions"], round(found["coverage"] * found["questions"])
    spread = 1.28 * np.sqrt(LEVEL * (1 - LEVEL) / questions)  # of an honest 80 %, four times in five
    if found["coverage"] < LEVEL - spread:
        width = "your intervals are too narrow: you know less than you think"
    elif found["coverage"] > LEVEL + spread:
        width = "your intervals are too wide: you know more than you say"
    else:
        width = "as often as honest intervals of 80 % would"
    brier = "better" if found["brier"] < KNOWS_NOTHING else "no better"
    return (
        f"{covered} of {questions} truths were inside, {width}; which is better: Brier {found['brier']:.3f}, "
        f"{brier} than always saying 50 % ({KNOWS_NOTHING})"
    )
