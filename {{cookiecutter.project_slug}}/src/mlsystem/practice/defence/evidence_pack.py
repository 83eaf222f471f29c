"""The evidence: what was run, decided and practised, as a page and a file, with hashes that `--verify` recomputes."""

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlsystem import storage
from mlsystem.errors import UserError
from mlsystem.practice import record
from mlsystem.practice.defence import claims
from mlsystem.practice.defence.brief import cited
from mlsystem.practice.defence.figures import MADE_BY, NotMeasured, Sources
from mlsystem.practice.defence.page import fill
from mlsystem.practice.defence.rehearsal import GRADES, KIND
from mlsystem.practice.defence.stories import POST_MORTEMS, stories
from mlsystem.reporting import mine
from mlsystem.settings import load_project

NAME = "evidence"
ROOT_FILES = ("project.toml", "requirements.lock", "docs/decisions/mine/[0-9]*.md")
DRILL = "drill"
RECOMPUTED = ("project", "runs", "claims", "decisions", "stories", "rehearsals", "scores")  # by --verify


class NoEvidence(UserError):
    """Nothing was written that could be verified."""


class EvidenceDiffers(UserError):
    """What the evidence says is not what is there."""


def write_evidence(sources: Sources) -> Path:
    """Write evidence.json, and evidence.html from it; the page. Raises RecordChanged."""
    found = build(sources, record.read(folder=sources.record_folder))
    folder = sources.settings.reports_dir
    storage.write_json(folder / f"{NAME}.json", found)
    storage.write_text(folder / f"{NAME}.html", render(found))
    return folder / f"{NAME}.html"


def build(sources: Sources, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything that the page shows, as plain data; `entries` are the lines of the record that it rests on."""
    held, _ = claims.fill_all(claims.load(sources.record_folder), sources)
    drills = [one for one in entries if one["kind"] == DRILL]
    found = {
        "project": load_project(sources.root / "project.toml").model_dump(),
        "git": _git(sources.root),
        "runs": {name: _made(name, sources) for name in MADE_BY},
        "claims": [
            {"topic": c.topic, "sentence": c.sentence, "cited": cited(c.as_json())} for c in held if c.minutes == 2
        ],
        "decisions": mine.own_decisions(sources.root / "docs/decisions/mine"),
        "stories": [asdict(one) for one in stories(drills, sources.record_folder, sources.root)],
        "rehearsals": _rehearsals([one for one in entries if one["kind"] == KIND]),
        "scores": _scores([one for one in entries if one["kind"] not in (DRILL, KIND)]),
        "record": {"lines": len(entries), "head": _head(sources, len(entries))},
        "files": {name: _sha256(path) for name, path in _files(sources)},
    }
    return json.loads(json.dumps(found))


def render(found: Mapping[str, Any]) -> str:
    return fill("evidence.html.j2", found=found, grades=GRADES)


def verify(sources: Sources) -> int:
    """How many files are what they were. Raises EvidenceDiffers, which names what is not, NoEvidence, RecordChanged."""
    written = read(sources)
    differs = list(differences(written, sources))
    if differs:
        told = "\n".join(f"  {one}" for one in differs)
        raise EvidenceDiffers(
            f"{len(differs)} found that the evidence does not say:\n{told}\n`make evidence` writes it anew"
        )
    return len(written["files"])


def read(sources: Sources) -> dict[str, Any]:
    """What was written. Raises NoEvidence, UnreadableState."""
    path = sources.settings.reports_dir / f"{NAME}.json"
    if not path.exists():
        raise NoEvidence(f"there is no {path}; `make evidence` writes it")
    with storage.reading(path, "`make evidence` writes it anew"):
        return json.loads(path.read_text(encoding="utf-8"))


def differences(written: Mapping[str, Any], sources: Sources) -> Iterator[str]:
    """A sentence for each file, line of the record and figure that is not what was written. Raises RecordChanged."""
    entries = record.read(folder=sources.record_folder)
    lines, head = written["record"]["lines"], written["record"]["head"]
    if len(entries) < lines or _head(sources, lines) != head:
        yield f"the first {lines} lines of practice/{record.FILE} are not those that it was made from"
    now = dict(_files(sources))
    for name, digest in written["files"].items():
        if name not in now:
            yield f"{name} is gone"
        elif _sha256(now[name]) != digest:
            yield f"{name} has changed"
    again = build(sources, entries[:lines])
    for part in RECOMPUTED:
        if written.get(part) != again[part]:
            yield from _named(part, written.get(part), again[part])
    page = sources.settings.reports_dir / f"{NAME}.html"
    if not page.exists() or page.read_text(encoding="utf-8") != render(written):
        yield f"{page.name} is not the page that {NAME}.json makes"


def _named(name: str, written: Any, now: Any) -> Iterator[str]:
    """Where two plain values part, down to the smallest place."""
    if isinstance(written, Mapping) and isinstance(now, Mapping):
        for key in sorted({*written, *now}):
            if written.get(key) != now.get(key):
                yield from _named(f"{name}.{key}", written.get(key), now.get(key))
    elif isinstance(written, list) and isinstance(now, list) and len(written) == len(now):
        for place, (old, new) in enumerate(zip(written, now, strict=True)):
            if old != new:
                yield from _named(f"{name}.{place}", old, new)
    else:
        yield f"{name}: the evidence says {str(written)[:120]!r}, its sources say {str(now)[:120]!r}"


def _made(name: str, sources: Sources) -> str:
    try:
        sources.document(name)
    except NotMeasured as unknown:
        return str(unknown)
    return f"made by `make {MADE_BY[name]}`"


def _files(sources: Sources) -> Iterator[tuple[str, Path]]:
    """All that it rests on and that does not grow; the record is kept by its own chain."""
    for name in MADE_BY:
        if (path := sources.settings.reports_dir / f"{name}.json").exists():
            yield f"reports/{name}.json", path
    for pattern in ROOT_FILES:
        yield from ((path.relative_to(sources.root).as_posix(), path) for path in sorted(sources.root.glob(pattern)))
    for path in sorted((sources.record_folder / POST_MORTEMS).glob("*.md")):
        yield f"practice/{POST_MORTEMS}/{path.name}", path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _head(sources: Sources, lines: int) -> str:
    """The hash of that line of the record, which holds those of all before it."""
    path = sources.record_folder / record.FILE
    written = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return hashlib.sha256(written[lines - 1].encode()).hexdigest() if 0 < lines <= len(written) else record.BEGINNING


def _rehearsals(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A line for each answer: what was asked, how long it took, one's own grades."""
    kept = ("at", "session", "question", "step", "depth", "seconds", "allowed", "grades")
    return [{name: one[name] for name in kept} for one in entries]


def _scores(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Whatever else the parts of practice put on record, as they named it: its plain facts."""
    return [
        {
            "kind": one["kind"],
            "at": one["at"],
            "facts": {
                k: v for k, v in one.items() if k not in ("kind", "at", "after") and isinstance(v, str | int | float)
            },
        }
        for one in entries
    ]


def _git(root: Path) -> dict[str, Any]:
    """The commit, what is not committed, and what was changed since the project was generated."""
    changes = mine.changes_since_generation(root)
    return {
        "commit": _said(root, "rev-parse", "HEAD"),
        "uncommitted": len((_said(root, "status", "--porcelain", "--", ".") or "").splitlines()),
        "changes": asdict(changes) if changes else None,
    }


def _said(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
