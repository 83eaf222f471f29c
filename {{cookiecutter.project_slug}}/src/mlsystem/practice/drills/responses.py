"""The same incident, answered in three ways: by nobody, by the plausible answer, by the right one. What each costs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import sandbox
from mlsystem.practice.drills.choices import HOUR
from mlsystem.practice.drills.drill import Drill
from mlsystem.practice.drills.invariants import answers
from mlsystem.practice.drills.reference import Reference
from mlsystem.practice.drills.world import World, start
from mlsystem.progress import say

FOLDERS = tuple(f"drill_again_{number}" for number in (1, 2, 3))  # MLflow keeps a file open that it was shown
NOBODY, REPAIR = "nothing", "the reference repair"
REACTION = timedelta(hours=8)  # after which the three respond
HORIZON = timedelta(hours=32)  # of the fault, that are counted
OBJECTIVE = 0.005  # of the questions that may go without an answer, as the alerts have it


@dataclass(frozen=True)
class Outcome:
    """What callers got in the counted hours. Money is PROBLEM.costs' unit for 1,000 questions.

    `expected` is what the decisions cost by the probability that a system without the fault gives: labels come in with
    the luck of a day, and `realised` has it. `extra` is what they cost above the right decisions, added up by hour.
    """

    questions: int
    answered: int
    degraded: int
    acted_for_nothing: int  # of those that have a label
    missed: int
    realised: float
    expected: float
    extra: tuple[float, ...]

    @property
    def budget_used(self) -> float:
        """1 is all of what the objective allows for these questions."""
        return (1 - self.answered / max(self.questions, 1)) / OBJECTIVE


def play_all(reference: Reference, drill: Drill) -> dict[str, Outcome]:
    """What comes of each response, by its name. Raises NoSandbox, WorldStopped."""
    outcomes = {}
    for folder, (name, respond) in zip(FOLDERS, responses(drill).items(), strict=True):
        say(f"the same seed again, in a sandbox of its own: {name} (a minute or two)")
        outcomes[name] = _play_out(reference, drill, respond, folder)
    return outcomes


def _play_out(reference: Reference, drill: Drill, respond: Callable[[World], None], folder: str) -> Outcome:
    """The drill from its beginning, answered after REACTION."""
    theirs, seed = reference.theirs, reference.seed
    sandbox.remove(theirs, folder)
    try:
        world = start(theirs, drill, seed, folder)
        try:
            world.play_until(world.plan.since + REACTION)
            respond(world)
            world.play_until(world.plan.since + HORIZON)
            return outcome(world, reference)
        finally:
            world.stop()
    finally:
        sandbox.remove(theirs, folder)


def responses(drill: Drill) -> dict[str, Callable[[World], None]]:
    """By name: nothing, the decoy, the reference repair."""
    return {
        NOBODY: lambda world: None,
        f"decoy: {drill.decoy_is}": lambda world: drill.decoy(world, world.plan),
        REPAIR: lambda world: drill.mend(world, world.plan),
    }


def outcome(world: World, reference: Reference) -> Outcome:
    """Of the hours since the fault."""
    since = world.plan.since
    asked = answers(world, since - HOUR, since + HORIZON)
    acted = (asked["decision"] == PROBLEM.words.act).to_numpy()
    right = asked["id"].map(reference.probability).to_numpy(dtype=float)
    labels = asked["id"].map(reference.labels["label"])
    has_label = labels.notna().to_numpy()
    is_true = labels[has_label].to_numpy(dtype=bool)
    acts = acted[has_label]
    best = right > reference.champion.act_above
    hours = ((pd.to_datetime(asked["at"], utc=True) - since) // HOUR).to_numpy()
    extra = np.nan_to_num(expected(acted, right) - expected(best, right))
    return Outcome(
        questions=len(asked),
        answered=int((asked["status"] == "200").sum()),
        degraded=int(asked["degraded"].dropna().astype(bool).sum()),
        acted_for_nothing=int((acts & ~is_true).sum()),
        missed=int((~acts & is_true).sum()),
        realised=1_000 * _mean([PROBLEM.costs.of(a, t) / 100 for a, t in zip(acts, is_true, strict=True)]),
        expected=1_000 * _mean(expected(acted, right)[~np.isnan(right)]),
        extra=tuple(float(extra[hours <= hour].sum()) for hour in range(int(HORIZON / HOUR) + 1)),
    )


def expected(acted: np.ndarray, right: np.ndarray) -> np.ndarray:
    """What each decision costs on average, where the probability is what it should be."""
    cents = PROBLEM.costs.cents
    if_true = np.where(acted, cents[True, True], cents[False, True])
    if_false = np.where(acted, cents[True, False], cents[False, False])
    return np.asarray(right * if_true + (1 - right) * if_false) / 100


def _mean(values: object) -> float:
    numbers = np.asarray(values, dtype=float)
    return float(numbers.mean()) if len(numbers) else float("nan")
