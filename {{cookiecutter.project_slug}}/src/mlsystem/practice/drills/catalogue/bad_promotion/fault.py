"""Somebody made the baseline champion, by hand and past the gate: it answers, and it costs."""

from random import Random

from mlsystem.model_registry import promotions, tracking, versions
from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

BASELINE = "climatology"


def plan(world: World, random: Random) -> Plan:
    return Plan("the champion", choices.since(world, random), {})


def strike(world: World, plan: Plan) -> None:
    models = world.own.settings.models_dir
    uri = tracking.tracking_uri(models)
    client = tracking.client(uri)
    champion = versions.aliases(models).get(versions.CHAMPION)
    experiments = [one.experiment_id for one in client.search_experiments()]
    (run, *_) = client.search_runs(experiments, f"attributes.run_name = '{BASELINE}'")
    version = versions.register(uri, run.info.run_id, is_challenger=False)
    promotions.promote(models, version, champion, "a colleague", "simpler, and easier to explain", {"by_hand": True})


def mend(world: World, plan: Plan) -> None:
    repairs.run(world, "rollback", "--why", "it was never judged, and its answers cost more")


def decoy(world: World, plan: Plan) -> None:
    repairs.restart(world)


DRILL = Drill(
    name="bad_promotion",
    number=17,
    title="Fewer of our decisions are right since this afternoon",
    entry="people",
    needs="two model versions, which every project has after its demo",
    plan=plan,
    places=lambda world: choices.places(world, "the champion", "the online store", "the feed", "the service's code"),
    causes=(
        "a version that was never judged became champion",
        "the world changed, and the champion is out of date",
        "the champion's file was damaged",
        "a feature is computed differently live than for training",
        "the decision threshold was moved",
    ),
    cause="a version that was never judged became champion",
    mend=mend,
    decoy=decoy,
    decoy_is="restart the service",
    resembles="a sepsis model in use at hospitals: AUC .63 there, .76 or more as sold (JAMA Internal Medicine, 2021)",
    signals=(
        "a caller or a colleague says so",
        "the score distribution",
        "the cost of decisions, once labels are known",
    ),
    strike=strike,
    hints=("Who was champion when, and why? `make models`.",),
    minutes=10,
)
