"""A partner's job asks again at once whenever it is sent away: nobody else gets an answer."""

import sys
from random import Random

from mlsystem import storage
from mlsystem.addresses import service_url
from mlsystem.practice.drills import choices, repairs, sandbox
from mlsystem.practice.drills.drill import Drill, Plan
from mlsystem.practice.drills.world import World
from mlsystem.replay.replay import as_question
from mlsystem.replay.timeline import questions_of

JOB = "partner_sync.py"
SCRIPT = '''"""Ask about all of ours, and again if it was refused."""
import json, sys, threading, time, urllib.error, urllib.request
url, body = sys.argv[1], open("partner_sync.json", "rb").read()
def ask():
    while True:
        asked = urllib.request.Request(url, body, {"content-type": "application/json"})
        try:
            urllib.request.urlopen(asked, timeout=60).read()
        except OSError:
            time.sleep(0.02)
for _ in range(96):
    threading.Thread(target=ask).start()
'''
QUESTIONS = 250  # of a request


def plan(world: World, random: Random) -> Plan:
    return Plan("a caller", choices.since(world, random), {})


def strike(world: World, plan: Plan) -> None:
    tools = world.own.settings.data_dir / "tools"
    (tools / JOB).write_text(SCRIPT, encoding="utf-8")
    asked = [as_question(one) for one in questions_of(world.day, world.theirs.validated_dir)]
    many = (asked * (QUESTIONS // len(asked) + 1))[:QUESTIONS]
    storage.write_json(tools / "partner_sync.json", {"questions": many})
    sandbox.begin_in(world.own, [sys.executable, JOB, f"{service_url(world.own.settings)}/predict"], tools)


def mend(world: World, plan: Plan) -> None:
    repairs.end_process(world, JOB)


DRILL = Drill(
    name="retry_storm",
    number=11,
    title="Callers are sent away",
    entry="the environment",
    needs="nothing",
    plan=plan,
    places=lambda world: choices.places(world, "a caller", "the service's code", "the online store", "the champion"),
    causes=(
        "one caller asks again at once whenever it is refused",
        "the service has become slower",
        "a limit was set too low",
        "a worker of the service has died",
        "more callers ask than ever",
    ),
    cause="one caller asks again at once whenever it is refused",
    mend=mend,
    decoy=repairs.restart_only,
    decoy_is="restart the service",
    resembles="Google's SRE book, chapter 22: retries without a budget keep an overload alive that would have passed",
    signals=("errors or slow answers", "an alert fires", "a caller or a colleague says so"),
    alert="AvailabilityBurnFast",
    strike=strike,
    hints=("Who is connected to the service's port? `ss -tnp`, or `lsof -i`.",),
)
