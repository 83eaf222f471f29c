"""A large caller has left: who asks has changed, what is asked about has not. Right is to watch, and to say so."""

import zlib
from random import Random

from mlsystem.contract.question import Question
from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.grading import NOTHING, NOWHERE
from mlsystem.practice.drills.world import World

LEFT = 4  # of 5 that this caller asked about
ALERT = "ScoreDrift"


def plan(world: World, random: Random) -> Plan:
    key, value = choices.slice_of(world, random)
    return Plan(NOWHERE, choices.since(world, random), {"key": key, "value": value})


def asks(plan: Plan, questions: list[Question]) -> list[Question]:
    def is_gone(one: Question) -> bool:
        is_theirs = str(getattr(one, plan.facts["key"])) == plan.facts["value"]
        return is_theirs and zlib.crc32(one.id.encode()) % 5 < LEFT

    return [one for one in questions if not is_gone(one)]


def mend(world: World, plan: Plan) -> None:
    """Nothing."""


def decoy(world: World, plan: Plan) -> None:
    """No drift is seen any more, of whatever kind."""
    repairs.remove_alert(world, ALERT)


DRILL = Drill(
    name="harmless_drift",
    number=16,
    title="The questions have changed",
    entry="nothing",
    needs="a key of the questions with a value that 8 to 40 % of a day's questions have",
    plan=plan,
    places=lambda world: choices.places(world, "the champion", "the online store", "the feed", "a caller"),
    causes=(
        "the champion is out of date",
        "a group's questions are lost on the way",
        "the feed gives a group another name",
        "a feature is computed differently live than for training",
        "the service answers only a part of the questions",
    ),
    cause=NOTHING,
    mend=mend,
    decoy=decoy,
    costs_later="nothing was wrong, and every response but none is work for nothing",
    decoy_is="remove the alert that might fire",
    resembles="what is asked in interviews: drift without a loss, and whether to retrain",
    signals=("nothing is wrong", "the score distribution"),
    asks=asks,
    hints=("Are the answers worse, or only fewer?",),
    minutes=10,
)
