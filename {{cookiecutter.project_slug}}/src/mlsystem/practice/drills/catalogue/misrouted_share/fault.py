"""A trial that was forgotten in the code: a part of the callers is answered by the baseline."""

import zlib
from random import Random

from mlsystem.practice.drills import choices, invariants, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

PARTS = 4  # of the callers, one of which is misrouted; as in the text below
DEPLOYMENT = repairs.Deployment(
    "Try the simple rule on some of the callers",
    (
        (
            "src/mlsystem/serving/predictor.py",
            "            probabilities = self._probabilities(matrix, is_known)\n",
            "            probabilities = self._probabilities(matrix, is_known)\n"
            "            is_trial = np.array([zlib.crc32(one.id.encode()) % 4 == <rest> for one in questions])\n"
            "            probabilities = np.where(is_trial, self.champion.fallback(matrix), probabilities)\n",
        ),
        ("src/mlsystem/serving/predictor.py", "import uuid\n", "import uuid\nimport zlib\n"),
    ),
)


def plan(world: World, random: Random) -> Plan:
    return Plan("the service's code", choices.since(world, random), {"rest": random.randrange(PARTS)})


def holds(world: World, plan: Plan, evidence: invariants.Evidence) -> list[invariants.Verdict]:
    """Of those callers: where the baseline is nearly right, a quarter of all answers moves the mean by little."""
    asked = {one["id"] for one in world.asked}
    theirs = {one for one in asked if zlib.crc32(one.encode()) % PARTS == plan.facts["rest"]}
    return [invariants.right_among("the answers to each caller", evidence, theirs)]


DRILL = Drill(
    name="misrouted_share",
    number=6,
    title="Some answers are worse, and always the same ones",
    entry="a deploy",
    needs="a baseline, which every project has",
    plan=plan,
    places=lambda world: choices.places(world, "the champion", "the online store", "the feed", "the service's code"),
    causes=(
        "a part of the questions is answered by another model",
        "a version that was never judged became champion",
        "a feature is computed differently live than for training",
        "some callers ask about other things than before",
        "one worker's features are out of date",
    ),
    cause="a part of the questions is answered by another model",
    mend=DEPLOYMENT.mend,
    holds=holds,
    decoy=repairs.restart_only,
    decoy_is="restart the service",
    resembles="Anthropic, 2025: requests went to servers for others, .8 % of them and in the end 16 %, and always the "
    "same callers' (its post-mortem)",
    signals=(
        "a caller or a colleague says so",
        "the score distribution",
        "the cost of decisions, once labels are known",
    ),
    strike=DEPLOYMENT.strike,
    hints=(
        "Ask the same question twice, then another one twice. What do those have in common that are off?",
        "The model's version is the same in every answer. Is the model?",
    ),
)
