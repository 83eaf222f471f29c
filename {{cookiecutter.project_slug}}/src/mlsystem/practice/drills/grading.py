"""Four rungs, each graded by itself: detected, localised, explained, mitigated. Words are chosen from closed lists."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from mlsystem.errors import UserError
from mlsystem.practice.drills import invariants
from mlsystem.practice.drills.choices import HOUR
from mlsystem.practice.drills.invariants import Evidence, Verdict
from mlsystem.practice.drills.reference import Reference
from mlsystem.practice.drills.world import World

ANSWERS = "answers.jsonl"
RUNGS = ("detected", "where", "since", "why")  # that a learner answers; `mitigated` is measured
POINTS = {"detected": 10, "where": 20, "since": 10, "why": 20, "mitigated": 40}
WRONG, HINT = 5, 5  # points that a wrong answer or a hint costs
NEAR_HOURS = 2  # of the fault's beginning
SETTLE_HOURS = 6  # what is in windows and queues may go by
JUDGED_HOURS = 8  # in which something is asked, that the repair has not seen
MORE_HOURS = 24  # at most, until enough is asked to tell right decisions from wrong ones
WAIT_HOURS = 8  # what comes back by itself was not mended
AGAIN_HOURS = 6  # in which something is asked
SIGNALS = (
    "a caller or a colleague says so",
    "an alert fires",
    "the share of degraded answers",
    "errors or slow answers",
    "skew between log and offline features",
    "the score distribution",
    "the cost of decisions, once labels are known",
    "quarantine or validation",
    "a night's work or its findings are missing",
    "nothing is wrong",
)
NOWHERE, NOTHING = "nowhere", "nothing is wrong: what changed is harmless"  # of every list


class NoSuchAnswer(UserError):
    """A rung or an entry that is not in its list."""


@dataclass(frozen=True)
class Grade:
    """What `drill check` found."""

    verdicts: tuple[Verdict, ...]
    again: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        return all(one.holds for one in (*self.verdicts, *self.again))

    @property
    def failing(self) -> list[Verdict]:
        """Of the first look and, if that was well, of the one after the wait."""
        return [one for one in self.verdicts if not one.holds] or [one for one in self.again if not one.holds]


def entries(world: World, rung: str) -> list[str]:
    """The closed list of a rung, in an order that says nothing; hours for `since`. Raises NoSuchAnswer."""
    if rung == "detected":
        return list(SIGNALS)
    if rung == "since":
        hours = int((world.clock - world.began) / HOUR)
        return [f"{(world.began + n * HOUR):%Y-%m-%d %H:00}" for n in range(hours + 1)]
    if rung not in RUNGS:
        raise NoSuchAnswer(f"there is no rung {rung!r}; there are {', '.join(RUNGS)}")
    listed = [*world.drill.places(world), NOWHERE] if rung == "where" else [*world.drill.causes, NOTHING]
    Random(f"{world.seed} {world.drill.number} {rung}").shuffle(listed)
    return listed


def answer(world: World, rung: str, said: str) -> bool:
    """Whether it is right; kept with its time. Raises NoSuchAnswer."""
    listed = entries(world, rung)
    if said not in listed:
        raise NoSuchAnswer(f"{said!r} is no entry of {rung}; `drill answer {rung}` prints its list")
    right = _is_right(world, rung, said)
    _keep(world.own.home, {"rung": rung, "said": said, "right": right})
    return right


def _is_right(world: World, rung: str, said: str) -> bool:
    if rung == "detected":
        return said in (*world.drill.signals, *world.drill.may_show)
    if rung == "since":
        moment = datetime.strptime(said, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        return abs(moment - world.plan.since) <= NEAR_HOURS * HOUR
    return said == (world.plan.where if rung == "where" else world.drill.cause)


def check(
    world: World,
    reference: Reference,
    settle: int = SETTLE_HOURS,
    judged: int = JUDGED_HOURS,
    again: int = AGAIN_HOURS,
) -> Grade:
    """Let hours pass that nobody has seen, look, wait, and look again. Raises WorldStopped."""
    began = world.clock
    world.play(settle)
    first, second = _looked(world, reference, judged), tuple[Verdict, ...]()
    if again and all(one.holds for one in first):
        world.play(WAIT_HOURS)
        second = _looked(world, reference, again)
    grade = Grade(first, second)
    failing = [one.name for one in grade.failing]
    told = {"rung": "mitigated", "said": "check", "right": grade.passed, "failing": failing}
    _keep(world.own.home, told | {"clock": began.isoformat()})
    return grade


def _looked(world: World, reference: Reference, hours: int) -> tuple[Verdict, ...]:
    after = world.clock
    world.play_asked(hours)
    for _ in range(MORE_HOURS):
        found = invariants.evidence(world, reference, after)
        own = world.drill.holds(world, world.plan, found) if world.drill.holds else []
        verdicts = (*invariants.general(world, found), *own)
        if tells_enough(found) or not all(one.holds for one in verdicts):
            break
        world.play_asked(1)
    return verdicts


def tells_enough(found: Evidence) -> bool:
    """Whether questions were asked that call for acting: where none does, decisions are right by whatever rule."""
    right = found.now["id"].map(found.reference.probability)
    return int((right > found.reference.champion.act_above).sum()) >= invariants.FEWEST


def tries(home: Path) -> Iterator[dict[str, Any]]:
    """Every answer, hint and check so far."""
    path = home / ANSWERS
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        yield json.loads(line)


def points(found: list[dict[str, Any]]) -> dict[str, int]:
    """By rung: its points less those of wrong tries, none below 0; hints cost the whole."""
    won = {}
    for rung, full in POINTS.items():
        own = [one for one in found if one["rung"] == rung]
        wrong = sum(not one["right"] for one in own) if rung != "mitigated" else 0
        won[rung] = max(0, full - WRONG * wrong) if any(one["right"] for one in own) else 0
    hints = sum(one["rung"] == "hint" for one in found)
    return won | {"hints": -HINT * hints}


def hint(world: World, hints: tuple[str, ...]) -> str:
    """The next one, which costs points."""
    given = sum(one["rung"] == "hint" for one in tries(world.own.home))
    if given >= len(hints):
        raise NoSuchAnswer(f"there were {len(hints)} hints, and you had them all")
    _keep(world.own.home, {"rung": "hint", "said": str(given + 1), "right": True})
    return hints[given]


def _keep(home: Path, facts: dict[str, Any]) -> None:
    line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **facts}
    with (home / ANSWERS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
