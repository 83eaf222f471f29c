"""The night's work takes a day of another year for yesterday, finds nothing of it, and ends."""

from random import Random

from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

SETTING = "MLSYSTEM_CLOCK"


def plan(world: World, random: Random) -> Plan:
    return Plan("the settings", choices.since(world, random), {})


def strike(world: World, plan: Plan) -> None:
    repairs.set_setting(world, SETTING, "wall")


def mend(world: World, plan: Plan) -> None:
    """The setting as it was, and the nights since."""
    repairs.clear_setting(world, SETTING)
    repairs.run(world, "features", "--from", str(world.began.date()), "--to", str(world.day))


DRILL = Drill(
    name="wrong_night",
    number=14,
    title="The nights leave nothing behind",
    entry="people",
    needs="nothing",
    plan=plan,
    places=lambda world: choices.places(world, "the settings", "the feed", "the prediction log", "the online store"),
    causes=(
        "the night's work takes another day for yesterday",
        "the night's work is not started",
        "the night's work runs out of memory",
        "the disk is full",
        "validation stops every day",
    ),
    cause="the night's work takes another day for yesterday",
    mend=mend,
    decoy=repairs.restart_only,
    costs_later="it costs the next training, and the next month",
    decoy_is="restart the servers",
    resembles="this project itself: a schedule that never fired, because of another package's version, while all "
    "looked well",
    signals=("a night's work or its findings are missing",),
    called_after=16,  # a night
    within_hours=16,
    strike=strike,
    hints=("Which days have features? Which day does the system think it is?",),
    minutes=15,
)
