"""Predictions come first: a round is asked, answered once and for all, and only then revealed. All of it on record."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlsystem.errors import UserError
from mlsystem.practice import record
from mlsystem.practice.tradeoffs.comparisons import Comparison, from_json
from mlsystem.practice.tradeoffs.grading import Prediction

ASKED, PREDICTED, REVEALED = "tradeoffs asked", "tradeoffs predicted", "tradeoffs revealed"
FORM = "NUMBER:PERCENT:LOW:HIGH, such as 1:70:-0.002:0.01"


class WrongAnswer(UserError):
    """An answer that is no prediction, or that was committed before."""


class NotPredicted(UserError):
    """Something is to be revealed before it was predicted."""


@dataclass(frozen=True)
class Round:
    """What was asked, and what has been answered so far."""

    number: int
    comparisons: tuple[Comparison, ...]
    predictions: dict[int, Prediction]
    is_revealed: bool

    @property
    def open(self) -> list[Comparison]:
        return [one for one in self.comparisons if one.number not in self.predictions]


def rounds(folder: Path = record.FOLDER) -> list[Round]:
    """Every round, the oldest first. Raises RecordChanged."""
    found = []
    for asked in record.read(ASKED, folder):
        number = asked["round"]
        said = [one for one in record.read(PREDICTED, folder) if one["round"] == number]
        predictions = {one["number"]: Prediction(*(one[k] for k in Prediction.__annotations__)) for one in said}
        is_revealed = any(one["round"] == number for one in record.read(REVEALED, folder))
        found.append(Round(number, tuple(map(from_json, asked["comparisons"])), predictions, is_revealed))
    return found


def begin(number: int, drawn: Sequence[Comparison], folder: Path = record.FOLDER) -> Round:
    """Put on record what is asked."""
    record.add(ASKED, {"round": number, "comparisons": [one.as_json() for one in drawn]}, folder)
    return rounds(folder)[-1]


def commit(answers: Iterable[str], folder: Path = record.FOLDER) -> Round:
    """Put answers to the last round on record, all or none. Raises WrongAnswer, NotPredicted."""
    last = next(iter(rounds(folder)[-1:]), None)
    if last is None or last.is_revealed:
        raise NotPredicted("no round is open; `make tradeoffs` asks one")
    said = [parsed(answer, last) for answer in answers]
    twice = [one.number for place, one in enumerate(said) if one.number in {other.number for other in said[:place]}]
    if twice:
        raise WrongAnswer(f"{twice[0]} is answered twice; an answer to each, and one")
    for one in said:
        record.add(PREDICTED, {"round": last.number, **asdict(one)}, folder)
    return rounds(folder)[-1]


def parsed(answer: str, last: Round) -> Prediction:
    """One answer. Raises WrongAnswer."""
    try:
        number, percent, low, high = answer.split(":")
        found = Prediction(int(number), float(percent) / 100, float(low), float(high))
    except ValueError as wrong:
        raise WrongAnswer(f"{answer!r} is no answer; expected is {FORM}") from wrong
    if found.number not in {one.number for one in last.comparisons}:
        raise WrongAnswer(f"there is no question {found.number}; they go from 1 to {len(last.comparisons)}")
    if found.number in last.predictions:
        raise WrongAnswer(f"question {found.number} was answered, and an answer stays: it is on record")
    if not 0 <= found.a_better <= 1 or not found.low < found.high or not math.isfinite(found.high - found.low):
        raise WrongAnswer(f"{answer!r}: expected are 0 to 100 %, and a low end below the high one")
    return found


def to_reveal(folder: Path = record.FOLDER) -> Round | None:
    """The round that is answered and not yet revealed; None if the last one was revealed. Raises NotPredicted."""
    last = next(iter(rounds(folder)[-1:]), None)
    if last is None:
        raise NotPredicted("nothing was predicted yet; `make tradeoffs` asks, and you answer before you see")
    if last.open:
        numbers = ", ".join(str(one.number) for one in last.open)
        raise NotPredicted(f"round {last.number} waits for your answers to {numbers}; `make tradeoffs` shows them")
    return None if last.is_revealed else last


def reveal(done: Round, grades: list[dict[str, Any]], found: dict[str, Any], folder: Path = record.FOLDER) -> None:
    """Put on record how a round went."""
    record.add(REVEALED, {"round": done.number, "grades": grades, **found}, folder)


def revealed(folder: Path = record.FOLDER) -> list[dict[str, Any]]:
    """How each round went, the oldest first."""
    return record.read(REVEALED, folder)
