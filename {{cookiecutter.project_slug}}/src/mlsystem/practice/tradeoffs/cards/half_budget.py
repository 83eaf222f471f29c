"""Card: half the budget. Fitting the candidates may take half the processor time, and the decisions stay worth it."""

import math
import time
from typing import Any

from mlsystem import wording
from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs.cards import state
from mlsystem.practice.tradeoffs.cards.card import Card, Target, Terms
from mlsystem.settings import Settings, load_project

KEPT = 0.95  # of what the champion saved
PART = 0.5


def deal(settings: Settings, seed: int) -> dict[str, Any]:
    """Raises NothingToChange."""
    model = state.champion(settings)
    if model is None or "test" not in model.metrics:
        raise state.NothingToChange("no champion that was judged on test days; run `make train`")
    seconds, saved = measure(settings), float(model.metrics["test"]["saved_per_1000"])
    return {"seconds": seconds, "budget_seconds": PART * seconds, "saved": saved, "least_saved": KEPT * saved}


def said(terms: Terms) -> str:
    return (
        f"Our budget for computing is halved. Training the candidates takes {terms['seconds']:.1f} seconds of a "
        f"processor; {terms['budget_seconds']:.1f} is what we can pay for. And {wording.money(terms['least_saved'])} "
        f"{PROBLEM.per_1000} is the least that the decisions must go on saving."
    )


def measure(settings: Settings) -> float:
    """Processor seconds, of all threads, to fit every candidate on the present training set."""
    from mlsystem.training.candidates import CANDIDATES
    from mlsystem.training.split import default_split, rows_of, split_rows

    table = state.training_set(settings)
    if table is None:
        return math.nan
    rows = rows_of(table)
    parts = split_rows(rows, default_split(*rows.days))
    started = time.process_time()
    for family in CANDIDATES.values():
        family.fit(parts["train"], parts["tune"], load_project().seed, settings.threads)
    return time.process_time() - started


def check(settings: Settings, terms: Terms) -> list[Target]:
    model = state.champion(settings)
    saved = model.metrics.get("test", {}).get("saved_per_1000", math.nan) if model else math.nan
    return [
        within(measure(settings), terms["budget_seconds"]),
        worth(saved, terms["least_saved"]),
        state.present_champion(settings),
    ]


def within(seconds: float, budget: float) -> Target:
    found = f"{wording.number(seconds, '.1f')} s of {budget:.1f}"
    return Target("fitting the candidates keeps to the budget", seconds <= budget, found)


def worth(saved: float, least: float) -> Target:
    found = f"{wording.money(saved)}, at least {wording.money(least)} {PROBLEM.per_1000}"
    return Target("the champion's decisions save enough on its test days", saved >= least, found)


CARD = Card(
    "half-budget",
    "Half the budget",
    60,
    said,
    (
        "Every candidate is fitted anew on the training set, and the processor's seconds are counted.",
        "What the champion saved against never acting, on the days that judged it.",
        "Whether the champion is of the present code and data.",
    ),
    deal,
    check,
)
