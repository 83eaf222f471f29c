"""What the incident was, and what it cost: the hours since it began as they were answered, and without the fault."""

from typing import Any

from mlsystem import wording
from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import grading
from mlsystem.practice.drills.invariants import answers
from mlsystem.practice.drills.reference import Reference, money
from mlsystem.practice.drills.world import HOUR, World


def text(world: World, found: list[dict[str, Any]]) -> str:
    """For the terminal, as Markdown."""
    plan, drill = world.plan, world.drill
    reference = Reference(world.theirs)
    since = answers(world, plan.since - HOUR, world.clock)
    right = since.join(reference.probability.rename("right"), on="id")
    acted = {True: PROBLEM.words.act, False: PROBLEM.words.hold}
    best = right.assign(decision=[acted[bool(p > PROBLEM.costs.act_above)] for p in right["right"]])
    known = reference.labels[reference.labels["known_at"] <= world.clock]
    yours, healthy = money(since, known), money(best, known)
    points = grading.points(found)
    lines = [
        f"# {drill.title}",
        f"It was: {drill.cause}. Where: {plan.where}. Since {plan.since:%Y-%m-%d %H:%M} UTC.",
        f"It came by {drill.entry}. It resembles: {drill.resembles}.",
        f"The plausible answer that mends nothing: {drill.decoy_is}.",
        f"Since it began, {len(since):,} questions: {wording.number(yours)} {PROBLEM.per_1000} as they were answered, "
        f"{wording.number(healthy)} without the fault.",
        f"Points: {sum(points.values())} of {sum(grading.POINTS.values())} ("
        + ", ".join(f"{rung} {won}" for rung, won in points.items())
        + ").",
    ]
    return "\n\n".join(lines)
