"""A rehearsal: a timer asks, the answer is kept beside the evidence, and whoever answered grades it by a closed rubric.

No machine judges words: a right answer in other words is marked wrong by every list of keywords.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlsystem.practice import record
from mlsystem.practice.defence import claims, questions
from mlsystem.practice.defence.brief import cited
from mlsystem.practice.defence.claims import Claim
from mlsystem.practice.defence.figures import Sources
from mlsystem.practice.defence.questions import DEPTHS, Question
from mlsystem.progress import asking

KIND = "rehearsal"
SECONDS = {1: 60, 2: 90, 3: 90, 4: 120, 5: 150, 6: 180}  # for an answer of that depth, spoken or typed in notes
RUBRIC = {  # the axes that public rubrics share, each with what the best answer does
    "problem understanding": "names the user, the decision and what a mistake costs before any model",
    "formulation": "says target, moment and label, and what is left out",
    "data and features": "says what was known when, and how skew would be seen",
    "model": "has a baseline, a split by time and a reason beside the figure",
    "deployment": "says how it is served, watched, changed and taken back",
    "communication": "leads, states assumptions, weighs instead of deciding by name, raises evaluation unasked",
}
AXES = {  # of the rubric, by step: communication is of every answer
    "frame": "problem understanding",
    "requirements": "formulation",
    "data": "data and features",
    "features": "data and features",
    "model": "model",
    "serving": "deployment",
    "monitoring": "deployment",
    "loop": "deployment",
    "tradeoffs": "formulation",
    "scale": "deployment",
    "cost": "problem understanding",
    "next": "formulation",
}
STAFF = ("bottleneck", "parallelism", "latency", "data gravity", "failure modes", "cost")
STAFF_ENOUGH = 4  # of them, in an answer of depth 5 or 6
GRADES = {0: "not said", 1: "said, without a reason", 2: "with a reason", 3: "with a reason, evidence and a limit"}


@dataclass(frozen=True)
class Console:
    """Where a rehearsal asks and hears: a terminal, or in a test two lists. `hear` gives None at the end of input."""

    tell: Callable[[str], None]
    hear: Callable[[str], str | None]


def draw(bank: Sequence[Question], seed: int, session: int, count: int, depth: int | None) -> list[Question]:
    """The session's questions, the shallow first: the same for the same seed and session, others for the next."""
    fitting = [one for one in bank if depth in (None, one.depth)]
    chosen = random.Random(f"{seed}/{session}").sample(fitting, min(count, len(fitting)))
    return sorted(chosen, key=lambda one: one.depth)


def rehearse(sources: Sources, seed: int, count: int, depth: int | None, console: Console) -> list[dict[str, Any]]:
    """Ask, keep and grade; the entries of the record. Ends early where the input does. Raises RecordChanged."""
    held, _ = claims.fill_all(claims.load(sources.record_folder), sources)
    by_id = {one.id: one for one in held}
    session = 1 + max((int(one["session"]) for one in record.read(KIND, sources.record_folder)), default=0)
    kept = []
    for question in draw(questions.load(), seed, session, count, depth):
        answered = _ask(question, console)
        if answered is None:
            break
        text, seconds = answered
        evidence = _show(question, by_id, sources, console)
        grades = _grade(question, console)
        facts = {
            "session": session, "question": question.id, "step": question.step, "depth": question.depth,
            "seconds": seconds, "allowed": SECONDS[question.depth], "answer": text, "evidence": evidence,
            "grades": grades,
        }  # fmt: skip
        kept.append(record.add(KIND, facts, sources.record_folder))
        if grades is None:
            break
    return kept


def _ask(question: Question, console: Console) -> tuple[str, float] | None:
    """The answer and how long it took; None at the end of input. Its end is an empty line."""
    allowed = SECONDS[question.depth]
    console.tell(f"\n{claims.STEPS[question.step]}, depth {question.depth} ({DEPTHS[question.depth]}), {allowed} s:")
    console.tell(f"  {question.ask}")
    bell = threading.Timer(allowed, console.tell, [f"\a  {allowed} s are over: end your sentence"])
    bell.daemon = True
    bell.start()
    started, lines = time.monotonic(), list[str]()
    try:
        while line := console.hear("  > "):
            lines.append(line.strip())
    finally:
        bell.cancel()
    return ("\n".join(lines), round(time.monotonic() - started, 1)) if lines or line is not None else None


def _show(question: Question, by_id: dict[str, Claim], sources: Sources, console: Console) -> list[str]:
    """The evidence of this project beside the answer; where each of it stands, for the record."""
    found = questions.answer(question, by_id, sources)
    console.tell("  What this project can show:")
    places: list[str] = []
    for name in (one for one in question.claims if one in by_id):
        console.tell(f"  * {by_id[name].sentence}")
        places += cited(by_id[name].as_json())
    for said in (*_texts(found["more"]), question.without):
        if said:
            console.tell(f"  * {said}")
    return places


def _texts(found: object) -> list[str]:
    return [str(one) for one in found] if isinstance(found, list) else []


def _grade(question: Question, console: Console) -> dict[str, int] | None:
    """One's own grades, each from a closed scale; None where the input ends before."""
    console.tell("  Grade yourself: " + ", ".join(f"{grade} {said}" for grade, said in GRADES.items()))
    grades: dict[str, int] = {}
    for axis in (AXES[question.step], "communication"):
        grade = _choose(f"  {axis} ({RUBRIC[axis]}) 0-3: ", max(GRADES), console)
        if grade is None:
            return None
        grades[axis] = grade
    if question.depth > 4:
        asked = f"  how many of {', '.join(STAFF)} (at least {STAFF_ENOUGH} are wanted) 0-{len(STAFF)}: "
        named = _choose(asked, len(STAFF), console)
        if named is None:
            return None
        grades["staff axes"] = named
    return grades


def _choose(asked: str, most: int, console: Console) -> int | None:
    """A whole number from 0 to `most`, asked for again until it is one."""
    while (said := console.hear(asked)) is not None:
        if said.strip().isdigit() and int(said) <= most:
            return int(said)
        console.tell(f"  a whole number from 0 to {most}, please")
    return None


def terminal() -> Console:
    return Console(tell=print, hear=_typed)


def _typed(asked: str) -> str | None:
    with asking():
        try:
            return input(asked)
        except EOFError:
            return None
