"""Whether the brief that was written still holds: every claim is made again from its sources and compared."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from mlsystem import storage
from mlsystem.errors import UserError
from mlsystem.practice.defence import brief
from mlsystem.practice.defence.figures import Sources


class NoBrief(UserError):
    """Nothing was written that could be looked at."""


class BriefBroken(UserError):
    """Claims of the brief that do not hold any more."""


def check(sources: Sources) -> tuple[int, int]:
    """How many claims hold, and how many more wait for a run.

    Raises BriefBroken, which names each that does not hold, NoBrief, UnreadableState.
    """
    written = read(sources)
    refuse(list(faults_of(written, sources)))
    held = sum(1 for one in written["claims"] if one["is_measured"])
    return held, len(written["claims"]) - held


def refuse(faults: Sequence[str]) -> None:
    """Raises BriefBroken if there are any."""
    if faults:
        told = "\n".join(f"  {fault}" for fault in faults)
        raise BriefBroken(
            f"{len(faults)} found in the brief:\n{told}\nmend what is wrong, or `make brief` writes it anew"
        )


def read(sources: Sources) -> dict[str, Any]:
    """What was recorded. Raises NoBrief, UnreadableState."""
    path = sources.settings.reports_dir / f"{brief.NAME}.json"
    if not path.exists():
        raise NoBrief(f"there is no {path}; `make brief` writes it")
    with storage.reading(path, "`make brief` writes it anew"):
        return json.loads(path.read_text(encoding="utf-8"))


def faults_of(written: Mapping[str, Any], sources: Sources) -> Iterator[str]:
    """A sentence for each thing that does not hold: a figure, a citation, a claim, a line of a page."""
    now, faults = brief.build(sources)
    yield from faults
    told = {fault.split("'")[1] for fault in faults if fault.startswith("claim '")}
    here = {one["id"]: one for one in now["claims"]}
    for claim in written["claims"]:
        if claim["id"] in here:
            yield from _of_claim(claim, here[claim["id"]])
        elif claim["id"] not in told:
            yield f"claim {claim['id']!r} is in the brief and not among the claims any more"
    for name in here.keys() - {one["id"] for one in written["claims"]}:
        yield f"claim {name!r} is not in the brief yet"
    for part in ("questions", "decisions", "diagram", "route"):
        if written[part] != now[part]:
            yield f"the {part} are not what they were: {_first_difference(written[part], now[part])}"
    yield from _of_pages(written, sources)


def _of_claim(written: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Figures first: what is said of them is in the sentence as well, and one reason is enough."""
    moved = [
        f"claim {written['id']!r} says {old[1]} by {old[0]}, which is {new[1]} now"
        for old, new in zip(written["figures"], now["figures"], strict=False)
        if tuple(old) != tuple(new) and old[0] == new[0]
    ]
    yield from moved
    if moved:
        return
    if written["is_measured"] and not now["is_measured"]:
        yield f"claim {written['id']!r} rests on a run that is gone: {now['sentence']}"
    elif written["sentence"] != now["sentence"]:
        yield f"claim {written['id']!r} says {written['sentence']!r}, and its sources say {now['sentence']!r}"
    elif [cite for cite, _ in written["cites"]] != [cite for cite, _ in now["cites"]]:
        yield f"claim {written['id']!r} cites others than it did"


def _first_difference(written: Any, now: Any) -> str:
    """The first entry of two lists that differs, by its name."""
    if not isinstance(written, list) or not isinstance(now, list):
        return "written anew since"
    old, new = next(pair for pair in zip_longest(written, now, fillvalue=dict[str, Any]()) if pair[0] != pair[1])
    return str(new.get("id") or new.get("path") or old.get("id") or old.get("path"))


def _of_pages(written: Mapping[str, Any], sources: Sources) -> Iterator[str]:
    """The first line of a page that is not what its record makes: whoever changed a number by hand finds it here."""
    for suffix, text in brief.pages(written).items():
        path = sources.settings.reports_dir / f"{brief.NAME}.{suffix}"
        there = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        should = text.splitlines()
        if there == should:
            continue
        number = next(
            (n for n, pair in enumerate(zip(there, should, strict=False)) if pair[0] != pair[1]),
            min(len(there), len(should)),
        )
        line = there[number].strip()[:160] if number < len(there) else "nothing"
        yield f"{path.name}:{number + 1} is not what its record makes: {line}"
