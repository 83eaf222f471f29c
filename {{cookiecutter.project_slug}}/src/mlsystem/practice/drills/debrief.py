"""What the incident was and what it cost: the same seed three times, and your own, as a table and a picture."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.practice.drills import charts, grading
from mlsystem.practice.drills.choices import HOUR
from mlsystem.practice.drills.drill import Drill
from mlsystem.practice.drills.responses import HORIZON, NOBODY, REACTION, REPAIR, Outcome
from mlsystem.practice.drills.world import SESSION, World, resume
from mlsystem.reporting import templates
from mlsystem.settings import Settings

YOURS = "yours"
OTHER_SEEDS = "docs/domain/practice/drill_proofs.md"
TOLD = "debriefed"  # in the sandbox: it is on record
ON_RECORD = {"where": "localised", "why": "explained"}  # as the field calls those rungs
SAME = 0.001  # of the money: nearer than that two outcomes cost the same; a restart that mends nothing differs by less


class AlreadyTold(UserError):
    """The debrief has said what the incident was."""


def not_told(settings: Settings) -> World:
    """The drill that is there, if what it was has not been told yet. Raises NoSandbox, AlreadyTold."""
    world = resume(settings)
    if (world.own.home / TOLD).exists():
        raise AlreadyTold(
            "this drill's debrief has told what it was, so nothing counts any more; `drill reset` ends it"
        )
    return world


def path(world: World) -> Path:
    return world.theirs.reports_dir / f"drill_{world.drill.name}_{world.seed}.html"


def write(world: World, outcomes: Mapping[str, Outcome], found: list[dict[str, Any]]) -> Path:
    """The page; `outcomes` by response, `found` the learner's tries."""
    page = path(world)
    storage.write_text(page, render(world, outcomes, found))
    return page


def render(world: World, outcomes: Mapping[str, Outcome], found: list[dict[str, Any]]) -> str:
    points = grading.points(found)
    return templates.fill(
        "debrief.html.j2",
        room="practice.drills",
        drill=world.drill,
        plan=world.plan,
        seed=world.seed,
        outcomes=outcomes,
        order=order(outcomes),
        later=later(world.drill, outcomes),
        points=points,
        won=sum(points.values()),
        full=sum(grading.POINTS.values()),
        tries=found,
        yours=yours(world, found),
        alerts=_alerts(world),
        picture=charts.extra({name: one.extra for name, one in outcomes.items()}),
    )


def order(outcomes: Mapping[str, Outcome]) -> str:
    """The responses by what they cost, the cheapest first; `=` between those that cost the same."""
    ranked = sorted(outcomes, key=lambda name: outcomes[name].expected)
    told = ranked[0]
    for before, name in pairwise(ranked):
        nearly = outcomes[name].expected <= outcomes[before].expected * (1 + SAME)
        told += f" {'=' if nearly else '<'} {name}"
    return told


def later(drill: Drill, outcomes: Mapping[str, Outcome]) -> str:
    """What the money of these hours does not show; nothing if it is all there. A busy machine may add to it."""
    nobody, repair = (outcomes[name].expected for name in (NOBODY, REPAIR))
    costs = nobody > repair * (1 + SAME)
    if drill.costs_later:
        return f"{'And' if costs else 'It costs nothing in these hours'}: {drill.costs_later}."
    if costs:
        return ""
    lost = repair > nobody * (1 + SAME)
    told = "the repair cost more in these hours than it saved" if lost else "hardly a decision changed"
    return f"With this seed {told}; {OTHER_SEEDS} has what others cost."


def yours(world: World, found: list[dict[str, Any]]) -> str:
    """When you had mended it, beside the others."""
    passed = [one["clock"] for one in found if one["rung"] == "mitigated" and one["right"]]
    if not passed:
        return f"The other responses came {REACTION // HOUR} hours after the fault began; yours passed no check."
    hours = round((datetime.fromisoformat(passed[0]) - world.plan.since) / HOUR)
    return (
        f"The other responses came {REACTION // HOUR} hours after the fault began, the check that yours passed "
        f"{hours} hours after; {HORIZON // HOUR} hours are counted of each."
    )


def text(world: World, outcomes: Mapping[str, Outcome], found: list[dict[str, Any]]) -> str:
    """For the terminal."""
    drill, plan = world.drill, world.plan
    lines = [
        f"{drill.title}. It was: {drill.cause}. Where: {plan.where}.",
        f"Since {plan.since:%Y-%m-%d %H:%M} UTC, by {drill.entry}.",
        f"It resembles: {drill.resembles}.",
        f"Expected {PROBLEM.per_1000}, the cheapest response first: {order(outcomes)}.",
        *(
            f"  {name}: {wording.number(one.expected)}, {one.questions - one.answered:,} unanswered"
            for name, one in outcomes.items()
        ),
        yours(world, found),
    ]
    return "\n".join(filter(None, [*lines, later(drill, outcomes)]))


def _alerts(world: World) -> list[tuple[str, str]]:
    """When each alert began to fire, by the drill's clock."""
    began: dict[str, str] = {}
    for moment, firing in world.watcher.history():
        for name in firing:
            began.setdefault(name, f"{moment:%Y-%m-%d %H:%M}")
    return sorted(((at, name) for name, at in began.items()))


def facts(
    world: World, outcomes: Mapping[str, Outcome], found: list[dict[str, Any]], before: list[dict[str, Any]]
) -> dict[str, Any]:
    """For the record, whose entries of drills `before` are: how far the learner came, when, and what it cost."""
    session = json.loads((world.own.home / SESSION).read_text(encoding="utf-8"))
    started = datetime.fromisoformat(session["started"])
    reached = {ON_RECORD.get(rung, rung): _first(found, rung) for rung in grading.POINTS}
    last = max(filter(None, reached.values()), default=None)
    return {
        "drill": world.drill.name,
        "seed": world.seed,
        "played_before": sum(one["drill"] == world.drill.name for one in before),  # with any seed: its cause is known
        "started": started.isoformat(timespec="seconds"),
        "minutes": round((datetime.fromisoformat(last) - started).total_seconds() / 60, 1) if last else None,
        "rungs": reached,
        "points": grading.points(found),
        "money": {name: round(one.expected) for name, one in outcomes.items()},
        "tries": found,
    }


def _first(found: list[dict[str, Any]], rung: str) -> str | None:
    """When it was reached."""
    return next((one["at"] for one in found if one["rung"] == rung and one["right"]), None)
