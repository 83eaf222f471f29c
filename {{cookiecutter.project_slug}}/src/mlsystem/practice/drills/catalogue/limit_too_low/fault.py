"""A setting was changed by hand: what callers have always sent is now too much."""

from random import Random

from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

SETTING = "MLSYSTEM_MAX_QUESTIONS_PER_REQUEST"


def plan(world: World, random: Random) -> Plan:
    return Plan("the settings", choices.since(world, random), {"limit": random.choice((2, 3))})


def strike(world: World, plan: Plan) -> None:
    repairs.set_setting(world, SETTING, str(plan.facts["limit"]))
    repairs.restart(world)


def mend(world: World, plan: Plan) -> None:
    repairs.clear_setting(world, SETTING)
    repairs.restart(world)


DRILL = Drill(
    name="limit_too_low",
    number=15,
    title="Callers are refused, and no alert fires",
    entry="people",
    needs="callers that ask several questions at once",
    plan=plan,
    places=lambda world: choices.places(world, "the settings", "the service's code", "a caller", "the champion"),
    causes=(
        "a limit was set too low",
        "callers send what they did not send before",
        "the service is overloaded",
        "the API was changed",
        "the champion cannot be loaded",
    ),
    cause="a limit was set too low",
    mend=mend,
    decoy=repairs.restart_only,
    decoy_is="restart the service",
    resembles="what a status class hides: a refusal counts as the caller's mistake, and no objective has it",
    signals=("a caller or a colleague says so", "errors or slow answers"),
    strike=strike,
    hints=("Ask one question, then three at once, and read what you are told.",),
    minutes=10,
)
