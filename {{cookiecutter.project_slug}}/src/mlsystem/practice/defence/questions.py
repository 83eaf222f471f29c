"""The follow-up questions: six depths, mapped to collected interview questions, each with its evidence."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlsystem.practice.defence.claims import STEPS, Claim
from mlsystem.practice.defence.figures import Sources, evidence_of

BANK = Path(__file__).parent / "questions.toml"
DEPTHS = {  # by its number: what a question of that depth asks for
    1: "what it is",
    2: "how it works",
    3: "why so, and not otherwise",
    4: "how you know",
    5: "what breaks it",
    6: "what if it changed",
}


@dataclass(frozen=True)
class Question:
    """`asked`: as collected; `claims` answer it; `by`: tasks whose run would say more; `without`: what none does."""

    id: str
    step: str
    depth: int
    ask: str
    asked: str = ""
    claims: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    without: str = ""


def load() -> list[Question]:
    """In the order of the steps, and within one by depth."""
    entries = tomllib.loads(BANK.read_text(encoding="utf-8"))["question"]
    found = [
        Question(**{**one, "claims": tuple(one.get("claims", ())), "by": tuple(one.get("by", ()))}) for one in entries
    ]
    return sorted(found, key=lambda one: (list(STEPS).index(one.step), one.depth))


def answer(question: Question, claims: Mapping[str, Claim], sources: Sources) -> dict[str, object]:
    """The question with what this project can say to it, as plain data: measured, not yet, or not at all."""
    known = [claims[one] for one in question.claims if one in claims]
    return {
        "id": question.id,
        "step": question.step,
        "depth": question.depth,
        "ask": question.ask,
        "asked": question.asked,
        "claims": [one.id for one in known if one.is_measured],
        "open": sorted({one.sentence for one in known if not one.is_measured} - {""}),
        "more": [evidence_of(task, sources) for task in question.by],
        "without": question.without,
    }
