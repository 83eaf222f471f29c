"""The decision no longer follows from the costs: somebody took one half for the natural threshold."""

from random import Random

from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

DEPLOYMENT = repairs.Deployment(
    "Act when it is more likely than not",
    (
        (
            "src/mlsystem/serving/predictor.py",
            "probability > self.champion.act_above",
            "probability > 0.5",
        ),
    ),
)


def plan(world: World, random: Random) -> Plan:
    return Plan("the service's code", choices.since(world, random), {})


def decoy(world: World, plan: Plan) -> None:
    """The threshold is not the model's here, so a new version of it changes nothing: as restarting does not."""
    repairs.restart(world)


DRILL = Drill(
    name="threshold_moved",
    number=8,
    title="We hardly act any more",
    entry="a deploy",
    needs="a threshold that is not one half",
    plan=plan,
    places=lambda world: choices.places(world, "the champion", "the online store", "the feed", "the service's code"),
    causes=(
        "the decision threshold was moved",
        "probabilities are changed after the model",
        "a table has stopped coming",
        "out there it has become better",
        "a version that was never judged became champion",
    ),
    cause="the decision threshold was moved",
    mend=DEPLOYMENT.mend,
    decoy=decoy,
    decoy_is="restart the service",
    resembles="Zillow, 2021: what was bought went on by rules that nobody had looked at since the market turned (its "
    "letter to shareholders)",
    signals=("a caller or a colleague says so", "the cost of decisions, once labels are known"),
    strike=DEPLOYMENT.strike,
    hints=("Look at the probabilities of those that were not acted on.",),
)
