"""An alert was made to fire at nothing: right is to mend the alert, not to do what it asks for."""

from random import Random

from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.watcher import RULES
from mlsystem.practice.drills.world import World

ALERT = "DegradedShare"
BEFORE, AFTER = "predict:degraded_ratio:1h > 0.05", "predict:degraded_ratio:1h >= 0.00"
MESSAGE = "Tell us earlier when answers go without a view"


def plan(world: World, random: Random) -> Plan:
    return Plan("the alert's rule", choices.since(world, random), {})


def strike(world: World, plan: Plan) -> None:
    repairs.change(world, RULES, BEFORE, AFTER, MESSAGE, repairs.deployed(world))


def mend(world: World, plan: Plan) -> None:
    """The rules as they were when nobody had touched them."""
    first = world.own.git("rev-list", "--max-parents=0", "HEAD").strip()
    world.own.git("checkout", first, "--", RULES)
    world.own.commit("The alert as it was: it asked for less than it should")


def decoy(world: World, plan: Plan) -> None:
    """Away with it."""
    repairs.remove_alert(world, ALERT)


DRILL = Drill(
    name="wrong_alert",
    number=21,
    title="DegradedShare fires",
    entry="a deploy",
    needs="nothing",
    plan=plan,
    places=lambda world: choices.places(world, "the alert's rule", "the online store", "the champion", "the feed"),
    causes=(
        "the alert asks for less than it should",
        "the online store is not written any more",
        "a view's time to live is too short",
        "a table has stopped coming",
        "the consumer is behind",
    ),
    cause="the alert asks for less than it should",
    mend=mend,
    decoy=decoy,
    costs_later="it costs the nights of whoever is called for nothing, and their trust in the next alert",
    decoy_is="remove the alert",
    resembles="what other collections of incidents keep too (SREGym, Mendrift): a tool of one's own is wrong",
    signals=("nothing is wrong", "an alert fires"),
    alert=ALERT,
    within_hours=16,  # where nobody asks at night, the next morning
    strike=strike,
    hints=("Ask Prometheus for the alert's expression without its comparison.",),
    minutes=10,
)
