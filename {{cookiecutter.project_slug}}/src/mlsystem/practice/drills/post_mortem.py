"""The form of a post-mortem: its time line is the record's, the rest is yours, and both are checked."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.practice import record
from mlsystem.practice.drills.drill import load

FOLDER = "post-mortems"  # of practice/
TO_WRITE = "(yours to write)"
PARTS = {
    "Summary": "What happened, to whom, for how long: three sentences that a stranger understands.",
    "What went well, and what was luck": "",
    "Why it could happen": "The cause is on record; why was it possible, and why was it not seen earlier?",
    "What changes": "Each with an owner and a date; a guard that would have caught it, and how you know.",
    "What I learned": "",
}
LINE = re.compile(r"^\| (.*) \|$", re.MULTILINE)


class PostMortem(UserError):
    """No drill is on record, a form is there already, or one does not say what the record says."""


def write(practice: Path) -> Path:
    """The form of the newest drill on record. Raises PostMortem, RecordChanged."""
    entry = _newest(practice)
    path = _path(practice, entry)
    if path.exists():
        raise PostMortem(f"{path} is there already; `drill post-mortem --check` compares it with the record")
    storage.write_text(path, form(entry))
    return path


def check(practice: Path) -> list[str]:
    """What the post-mortems say otherwise than the record, and what is not written yet. Raises RecordChanged."""
    found = []
    for entry in record.read("drill", practice):
        path = _path(practice, entry)
        if path.exists():
            text = path.read_text(encoding="utf-8")
            told, kept = LINE.findall(text), LINE.findall(form(entry))
            found += [f"{path.name}: the record has no line | {line} |" for line in told if line not in kept]
            found += [f"{path.name}: the line | {line} | of the record is missing" for line in kept if line not in told]
            if left := text.count(TO_WRITE):
                found.append(f"{path.name}: {left} parts are yours to write yet")
    return found


def form(entry: dict[str, Any]) -> str:
    """Markdown."""
    drill = load(entry["drill"])
    currency = PROBLEM.per_1000
    costs = ", ".join(f"{name} {wording.number(one)}" for name, one in entry["money"].items())
    money = (
        f"Expected {currency}: {costs}." if costs else "It was reset without a debrief, so nobody knows what it cost."
    )
    rows = [("at (UTC)", "what")] + [("---", "---")] + [(at, what) for at, what in _events(entry)]
    parts = [f"## {title}\n\n{_asked(asked)}{TO_WRITE}" for title, asked in PARTS.items()]
    return (
        "\n\n".join(
            [
                f"# {drill.title}",
                f"Drill {drill.number}, seed {entry['seed']}, {entry['started'][:10]}. Cause on record: {drill.cause}. "
                f"It resembles: {drill.resembles}.",
                money,
                "## Time line\n\nFrom the record: `make drill ARGS='post-mortem --check'` compares.",
                "\n".join(f"| {at} | {what} |" for at, what in rows),
                *parts,
            ]
        )
        + "\n"
    )


def _asked(asked: str) -> str:
    return f"*{asked}*\n\n" if asked else ""


def _events(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """In the order of their time."""
    tries = [
        (one["at"], f"{one['rung']}: {one['said']} ({'right' if one['right'] else 'not right'})")
        for one in entry["tries"]
    ]
    both = [(entry["started"], "the drill began"), *tries, (entry["at"], "debriefed" if entry["money"] else "reset")]
    return sorted((f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S}", what) for at, what in both)


def _newest(practice: Path) -> dict[str, Any]:
    entries = record.read("drill", practice)
    if not entries:
        raise PostMortem("no drill is on record; `drill debrief` puts the one that is going on there")
    return entries[-1]


def _path(practice: Path, entry: dict[str, Any]) -> Path:
    return practice / FOLDER / f"{entry['started'][:10]}-{entry['drill']}-{entry['seed']}.md"
