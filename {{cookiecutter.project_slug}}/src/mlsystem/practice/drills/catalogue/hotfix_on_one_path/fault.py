"""A hotfix was put into the live path alone: one slice is served other features than training computes."""

from random import Random

from mlsystem.practice.drills import choices, invariants, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

FILE = "src/mlsystem/serving/predictor.py"
LOOKUP = "            stored = self.features.lookup(questions)\n"
USED = LOOKUP + "            stored = [_corrected(*one) for one in zip(questions, stored, strict=True)]\n"
END = "    return stale + missing + silent + ([] if stored.age_seconds else [WITHOUT_STORE])\n"
FUNCTION = '''

def _corrected(question: Question, stored: Stored) -> Stored:
    """<value> reported half of everything in the spring: double what it says, until they have mended it."""
    if question.<field> != "<value>":
        return stored
    doubled = {name: value * 2 if isinstance(value, float) else value for name, value in stored.values.items()}
    return replace(stored, values=doubled)
'''


def plan(world: World, random: Random) -> Plan:
    field, value = choices.slice_of(world, random)
    return Plan(f"{field} = {value}", choices.since(world, random), {"field": field, "value": value})


DEPLOYMENT = repairs.Deployment(
    "Correct what <value> reports",
    (
        (FILE, LOOKUP, USED),
        (FILE, "from dataclasses import dataclass\n", "from dataclasses import dataclass, replace\n"),
        (FILE, END, END + FUNCTION),
    ),
)


def holds(world: World, plan: Plan, evidence: invariants.Evidence) -> list[invariants.Verdict]:
    return [invariants.right_in_slice(world, evidence, plan.facts["field"], plan.facts["value"])]


DRILL = Drill(
    name="hotfix_on_one_path",
    number=18,
    title="One group of questions is answered strangely",
    entry="a deploy",
    needs="a key of the questions with a value that 8 to 40 % of a day's questions have",
    plan=plan,
    places=lambda world: choices.places(world, "the champion", "the online store", "the feed"),
    causes=(
        "a feature is computed differently live than for training",
        "the feed delivers another unit",
        "a version that was never judged became champion",
        "the online store is not written any more",
        "the group itself has changed",
    ),
    cause="a feature is computed differently live than for training",
    mend=DEPLOYMENT.mend,
    decoy=repairs.restart_only,
    decoy_is="restart the service",
    resembles="Equifax, spring 2022: a coding error made people's attributes wrong for three weeks (its statement)",
    signals=("skew between log and offline features", "a caller or a colleague says so", "an alert fires"),
    alert="TrainingServingSkew",
    within_hours=28,  # after a night that has a day's questions before it
    strike=DEPLOYMENT.strike,
    hints=("Compare what was served with what the offline path makes of the same questions.",),
    holds=holds,
)
