"""Incident stories in STAR-L form: situation, task, action, result from the record, the learning in your own words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlsystem import wording
from mlsystem.domain import PROBLEM

POST_MORTEMS = "post-mortems"  # below practice/: a file's name begins with its drill's
RUNGS = ("detected", "localised", "explained", "mitigated")
LEARNING = re.compile(
    r"^##+ [^\n]*\b(?:learn|lesson)\w*[^\n]*\n(.*?)(?=^##+ |\Z)", re.MULTILINE | re.DOTALL | re.IGNORECASE
)
PAGE = "src/mlsystem/practice/drills/catalogue/{drill}/incident.md"


@dataclass(frozen=True)
class Story:
    """`learning` is the author's, from the post-mortem; empty if it is not written."""

    drill: str
    at: str
    situation: str
    task: str
    action: str
    result: str
    learning: str
    post_mortem: str


def stories(entries: Iterable[Mapping[str, Any]], practice: Path, root: Path) -> list[Story]:
    """One for each drill on record, the oldest first."""
    return [_story(entry, practice / POST_MORTEMS, root) for entry in entries if "drill" in entry]


def _story(entry: Mapping[str, Any], folder: Path, root: Path) -> Story:
    drill, seed = str(entry["drill"]), entry.get("seed")
    written = _post_mortem(folder, drill)
    learnt = LEARNING.search(written.read_text(encoding="utf-8")) if written else None
    return Story(
        drill=drill,
        at=str(entry["at"]),
        situation=f"{entry['at']}, a drill on a copy of the running system, seed {seed}. {_seen(root, drill)}".strip(),
        task="Say what is wrong, where and why, and end the harm, by what on-call has.",
        action=rungs_told(entry),
        result=result_told(entry),
        learning=" ".join(learnt[1].split()) if learnt else "",
        post_mortem=written.name if written else f"{drill}.md",
    )


def rungs_told(entry: Mapping[str, Any]) -> str:
    """Which rungs were reached, and after how many minutes where that is on record."""
    rungs = entry.get("rungs")
    if not isinstance(rungs, Mapping):
        return "No rung is on record."
    reached = [f"{name}{_told(_minutes(rungs[name], entry))}" for name in RUNGS if rungs.get(name)]
    missed = [name for name in RUNGS if not rungs.get(name)]
    told = f"Reached: {', '.join(reached) or 'none'}."
    return f"{told} Not reached: {', '.join(missed)}." if missed else told


def result_told(entry: Mapping[str, Any]) -> str:
    """Minutes, points and money, as far as they are on record."""
    parts, points, money = list[str](), entry.get("points"), entry.get("money")
    if isinstance(minutes := entry.get("minutes"), int | float):
        parts.append(f"{wording.number(minutes, ',.1f')} minutes")
    if isinstance(points, Mapping):
        each = ", ".join(f"{name} {wording.number(won)}" for name, won in points.items())
        parts.append(f"{wording.number(sum(points.values()))} points ({each})")
    elif points is not None:
        parts.append(f"{wording.number(points)} points")
    amounts = money.items() if isinstance(money, Mapping) else [("cost", money)] if money is not None else []
    parts += [f"{name}: {wording.money(amount, PROBLEM.costs.currency)}" for name, amount in amounts]
    return f"{'; '.join(parts)}." if parts else "No result is on record."


def _minutes(moment: Any, entry: Mapping[str, Any]) -> float | None:
    """From the drill's start: a number of minutes as it stands, or an instant less that of `started`."""
    if isinstance(moment, str) and isinstance(started := entry.get("started"), str):
        return (datetime.fromisoformat(moment) - datetime.fromisoformat(started)).total_seconds() / 60
    return float(moment) if isinstance(moment, int | float) and not isinstance(moment, bool) else None


def _told(minutes: float | None) -> str:
    return "" if minutes is None else f" after {wording.number(minutes, ',.1f')} min"


def _seen(root: Path, drill: str) -> str:
    """What on-call saw: the first paragraph below the title of the drill's page."""
    page = root / PAGE.format(drill=drill)
    paragraphs = page.read_text(encoding="utf-8").split("\n\n") if page.is_file() else []
    return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""


def _post_mortem(folder: Path, drill: str) -> Path | None:
    """The newest of the drill's, by name."""
    return next(iter(sorted(folder.glob(f"*{drill}*.md"), reverse=True)), None)
