"""The volume of the prediction log did not come back: answers are given, and nobody will ever measure them."""

import shutil
from random import Random

from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World

VOLUME = "volumes/predictions"


def plan(world: World, random: Random) -> Plan:
    return Plan("the prediction log", choices.since(world, random), {})


def strike(world: World, plan: Plan) -> None:
    """The log is on a volume of its own, as of today, and that is not there."""
    own = world.own.settings
    volume = own.data_dir / VOLUME
    volume.parent.mkdir(parents=True, exist_ok=True)
    kept = volume.with_name("predictions.unmounted")
    shutil.copytree(own.predictions_dir, kept)
    shutil.rmtree(own.predictions_dir)
    own.predictions_dir.symlink_to(volume, target_is_directory=True)


def mend(world: World, plan: Plan) -> None:
    """A folder in the place of the volume, with what lay on it."""
    own = world.own.settings
    own.predictions_dir.unlink()
    shutil.copytree((own.data_dir / VOLUME).with_name("predictions.unmounted"), own.predictions_dir)


DRILL = Drill(
    name="log_volume_gone",
    number=10,
    title="Answers that nobody will ever measure",
    entry="the environment",
    needs="a prediction log, which every project has; folders that can be links",
    plan=plan,
    places=lambda world: choices.places(
        world, "the prediction log", "the online store", "the event log", "the champion"
    ),
    causes=(
        "the folder that is written to is not there",
        "the disk is full",
        "another process holds a file that the system writes",
        "the service has too many files open",
        "the log's schema has changed",
    ),
    cause="the folder that is written to is not there",
    mend=mend,
    decoy=repairs.restart_only,
    costs_later="what was not logged can never be measured, compared or learned from",
    decoy_is="restart the service",
    resembles="a study of 45 outages of a large ML pipeline (Google, OpML 2020): most had nothing to do with ML",
    signals=("an alert fires", "a night's work or its findings are missing"),
    alert="PredictionLogFailing",
    within_hours=3,
    strike=strike,
    hints=("`ls -l` of the folder that the service's log names.",),
)
