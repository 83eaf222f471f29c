"""Probabilities are stretched on their way out: the order of the questions is as it was, the money is not."""

from random import Random

from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

DEPLOYMENT = repairs.Deployment(
    "Callers say that all probabilities are low: spread them",
    (
        (
            "src/mlsystem/serving/predictor.py",
            "            return self.champion.predict(matrix)\n",
            "            return self.champion.predict(matrix) ** <power>\n",
        ),
    ),
)


def plan(world: World, random: Random) -> Plan:
    return Plan("the service's code", choices.since(world, random), {"power": random.choice((0.55, 0.6, 0.65))})


def decoy(world: World, plan: Plan) -> None:
    """Fewer of them are acted on, and none is right again."""
    repairs.change(
        world,
        "src/mlsystem/serving/predictor.py",
        "probability > self.champion.act_above",
        "probability > self.champion.act_above + 0.15",
        "Act less often, until somebody knows why the probabilities are high",
    )
    repairs.restart(world)


DRILL = Drill(
    name="uncalibrated",
    number=7,
    title="We act on nearly everything",
    entry="a deploy",
    needs="nothing",
    plan=plan,
    places=lambda world: choices.places(world, "the champion", "the online store", "the feed", "the service's code"),
    causes=(
        "probabilities are changed after the model",
        "the world changed, and the champion is out of date",
        "the decision threshold was moved",
        "the feed delivers another unit",
        "a version that was never judged became champion",
    ),
    cause="probabilities are changed after the model",
    mend=DEPLOYMENT.mend,
    decoy=decoy,
    decoy_is="raise the threshold",
    resembles="Lyft, 2020: a model of arrival times that was better by its own measure made the prices worse that were "
    "computed from it",
    signals=(
        "a caller or a colleague says so",
        "the score distribution",
        "the cost of decisions, once labels are known",
    ),
    strike=DEPLOYMENT.strike,
    hints=("Is the order of the questions as it was? Then it is not the features.",),
)
