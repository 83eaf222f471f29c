"""Each question asks the store by itself and waits a little: late, and without views where its budget is spent."""

from random import Random

from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

FILE = "src/mlsystem/feature_store/online.py"
DEPLOYMENT = repairs.Deployment(
    "Look each question up by itself, and let the consumer write in between",
    (
        (FILE, "import logging\n", "import logging\nimport time\n"),
        (
            FILE,
            "        response = self.store.get_online_features(\n",
            "        if len(questions) > 1:\n"
            "            found = []\n"
            "            for one in questions:\n"
            "                found += self.lookup([one])\n"
            "                time.sleep(0.01)\n"
            "            return found\n"
            "        response = self.store.get_online_features(\n",
        ),
    ),
)


def plan(world: World, random: Random) -> Plan:
    return Plan("the service's code", choices.since(world, random), {})


DRILL = Drill(
    name="slow_lookup",
    number=9,
    title="The answers come late",
    entry="a deploy",
    needs="callers that ask several questions at once",
    plan=plan,
    places=lambda world: choices.places(world, "the service's code", "the online store", "the champion", "a caller"),
    causes=(
        "the store is asked once for each question",
        "the machine has too little to do it with",
        "callers ask more than before",
        "the model is larger than before",
        "another process holds a file that the system reads",
    ),
    cause="the store is asked once for each question",
    mend=DEPLOYMENT.mend,
    decoy=repairs.restart_only,
    decoy_is="restart the service",
    costs_later="every caller here waits; in life some give up, and are not counted among these questions",
    resembles="what every team meets that reads a feature store in a loop: N + 1 lookups",
    signals=("errors or slow answers", "a caller or a colleague says so"),
    may_show=("the share of degraded answers", "an alert fires"),  # where batches are large enough for the budget
    strike=DEPLOYMENT.strike,
    hints=("`/metrics` has the time of each stage of an answer.",),
)
