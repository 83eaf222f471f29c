"""A producer with a wrong clock wrote one reading from days ahead: since then everything is too late."""

from contextlib import closing
from datetime import timedelta
from random import Random

from mlsystem.practice.drills import choices, repairs
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World
from mlsystem.replay.logs import log_path
from mlsystem.streaming.event_log import EventLog


def plan(world: World, random: Random) -> Plan:
    return Plan("the event log", choices.since(world, random), {"days": random.randint(4, 8)})


def strike(world: World, plan: Plan) -> None:
    with closing(EventLog(log_path(world.own.settings))) as log:
        log.append({}, plan.since + timedelta(days=plan.facts["days"]))


def mend(world: World, plan: Plan) -> None:
    """A log without that reading."""
    repairs.backfill(world)


DRILL = Drill(
    name="clock_ahead",
    number=13,
    title="Everything is missing, and everything is there",
    entry="the environment",
    needs="an event log, which every project has",
    plan=plan,
    places=lambda world: choices.places(world, "the event log", "the online store", "the consumer's code", "the feed"),
    causes=(
        "one reading of a clock is from the future",
        "the consumer crashed",
        "a table has stopped coming",
        "a view's time to live is too short",
        "another process holds a file that the system writes",
    ),
    cause="one reading of a clock is from the future",
    mend=mend,
    decoy=repairs.restart_only,
    decoy_is="restart the servers",
    resembles="Cloudflare, 1 January 2017: a clock went back by a leap second, and its DNS went down (its post-mortem)",
    signals=("the share of degraded answers", "an alert fires", "a caller or a colleague says so"),
    alert="FeaturesStale",
    strike=strike,
    hints=("The consumer's `/metrics` say what became of the facts.",),
)
