"""Each question asks the store for each view by itself: the answers are right, and late."""

from random import Random

from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

DEPLOYMENT = repairs.Deployment(
    "Ask for each view where its values are needed",
    (
        (
            "src/mlsystem/feature_store/online.py",
            "        response = self.store.get_online_features(\n"
            "            self.service, [PROBLEM.entity_row(question) for question in questions]\n"
            "        )\n"
            "        columns = response.to_dict(include_event_timestamps=True)\n",
            "        columns: dict[str, list[Any]] = {}\n"
            "        for question in questions:\n"
            "            for view in PROBLEM.views:\n"
            '                names = [f"{view.name}:{one.name}" for one in view.features]\n'
            "                found = self.store.get_online_features(names, [PROBLEM.entity_row(question)])\n"
            "                for name, values in found.to_dict(include_event_timestamps=True).items():\n"
            "                    columns.setdefault(name, []).extend(values)\n",
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
        "the store is asked many times where once would do",
        "the machine has too little to do it with",
        "callers ask more than before",
        "the model is larger than before",
        "another process holds a file that the system reads",
    ),
    cause="the store is asked many times where once would do",
    mend=DEPLOYMENT.mend,
    decoy=repairs.restart_only,
    decoy_is="restart the service",
    costs_later="every caller here waits; in life some give up, and are not counted among these questions",
    resembles="what every team meets that reads a feature store in a loop: N + 1 lookups",
    signals=("errors or slow answers", "a caller or a colleague says so"),
    strike=DEPLOYMENT.strike,
    hints=("`/metrics` has the time of each stage of an answer.",),
)
