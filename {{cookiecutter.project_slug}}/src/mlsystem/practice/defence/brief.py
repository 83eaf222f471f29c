"""The walk-through of this project in 2, 10 and 45 minutes, from its own runs: reports/brief.json, .html and .md."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlsystem import storage
from mlsystem.practice.defence import claims, diagram, markdown, questions
from mlsystem.practice.defence.citations import CitationGone
from mlsystem.practice.defence.claims import LENGTHS, STEPS
from mlsystem.practice.defence.figures import Sources
from mlsystem.practice.defence.page import fill
from mlsystem.practice.defence.route import RouteNotThere, read_route
from mlsystem.settings import load_project

NAME = "brief"
WORDS_A_MINUTE = 140  # of a talk that is followed; a reader takes twice as many
DECIDED = {  # the decisions that a step is asked about, by their numbers
    "frame": (7, 28),
    "requirements": (20, 26),
    "data": (11, 14, 21),
    "features": (3, 4, 5, 6, 25),
    "model": (7, 12, 22),
    "serving": (8, 15, 20),
    "monitoring": (10, 17),
    "loop": (16, 19, 23, 24),
    "tradeoffs": (1, 9, 13, 18),
    "scale": (2, 27),
    "cost": (),
    "next": (29,),
}


def write_brief(sources: Sources) -> tuple[Path, list[str]]:
    """Write the three files; the page, and a sentence for each claim that had to be left out."""
    found, faults = build(sources)
    folder = sources.settings.reports_dir
    storage.write_json(folder / f"{NAME}.json", found)
    for suffix, text in pages(found).items():
        storage.write_text(folder / f"{NAME}.{suffix}", text)
    return folder / f"{NAME}.html", faults


def build(sources: Sources) -> tuple[dict[str, Any], list[str]]:
    """All that the pages show, as plain data, and the faults of the claims that do not hold."""
    held, faults = claims.fill_all(claims.load(sources.record_folder), sources)
    by_id = {one.id: one for one in held}
    project = load_project(sources.root / "project.toml")
    found = {
        "project": project.name,
        "author": project.author,
        "claims": [one.as_json() for one in held],
        "questions": [questions.answer(one, by_id, sources) for one in questions.load()],
        "decisions": [asdict(one) for one in _decisions(sources.root)],
        "diagram": _diagram(sources.root, faults),
        "route": _route(sources),
    }
    return json.loads(json.dumps(found)), faults  # as it will be read again: tuples are lists


def pages(found: Mapping[str, Any]) -> dict[str, str]:
    """The page and its Markdown, from what was recorded alone."""
    return {"html": _html(found), "md": _markdown(found)}


def walk(found: Mapping[str, Any], minutes: int) -> dict[str, list[dict[str, Any]]]:
    """The claims of a walk-through of that length, by step, in order."""
    chosen = [one for one in found["claims"] if one["minutes"] <= minutes]
    return {step: [one for one in chosen if one["step"] == step] for step in STEPS}


def spoken(claims_of_steps: Mapping[str, Iterable[Mapping[str, Any]]]) -> int:
    """Words."""
    return sum(len(one["sentence"].split()) for several in claims_of_steps.values() for one in several)


def _html(found: Mapping[str, Any]) -> str:
    return fill(
        "brief.html.j2",
        found=found,
        steps=STEPS,
        walks={minutes: walk(found, minutes) for minutes in LENGTHS},
        words_of={minutes: spoken(walk(found, minutes)) for minutes in LENGTHS},
        pace=WORDS_A_MINUTE,
        depths=questions.DEPTHS,
        sentences={one["id"]: one for one in found["claims"]},
        rejected={step: _of_step(found, numbers) for step, numbers in DECIDED.items()},
        mine=[one for one in found["decisions"] if "/mine/" in one["path"]],
        diagram=found["diagram"],
        md=markdown.inline,
        has_figure=markdown.NUMBER.search,
    )


def _of_step(found: Mapping[str, Any], numbers: Iterable[int]) -> list[dict[str, Any]]:
    theirs = [one for one in found["decisions"] if "/mine/" not in one["path"]]
    return [one for one in theirs if int(Path(one["path"]).name[:4]) in numbers]


def _decisions(root: Path) -> list[markdown.Decision]:
    folder = root / "docs/decisions"
    return [*markdown.decisions(folder, root), *markdown.decisions(folder / "mine", root)]


def _diagram(root: Path, faults: list[str]) -> dict[str, Any] | None:
    try:
        return asdict(diagram.read(root / "README.md"))
    except CitationGone as gone:
        faults.append(str(gone))
        return None


def _route(sources: Sources) -> dict[str, Any] | None:
    try:
        return read_route(sources.settings.reports_dir)
    except RouteNotThere:
        return None


def _markdown(found: Mapping[str, Any]) -> str:
    lines = [f"# {found['project']}: the walk-through", ""]
    for minutes in LENGTHS:
        lines += [f"## In {minutes} minutes", ""]
        for step, several in walk(found, minutes).items():
            lines += [f"### {STEPS[step]}", "", *(_line(one) for one in several), ""] if several else []
    lines += ["## Follow-up questions", ""]
    sentences = {one["id"]: one["sentence"] for one in found["claims"]}
    for one in found["questions"]:
        said = [*(sentences[claim] for claim in one["claims"]), *one["open"], *one["more"], one["without"]]
        lines += [f"* **{one['ask']}** ({STEPS[one['step']]}, depth {one['depth']})", *(f"  * {s}" for s in said if s)]
    lines += ["", "## Options rejected", ""]
    for decision in found["decisions"]:
        if decision["rejected"]:
            lines += [f"* {decision['title']} ({decision['path']})", *(f"  * {one}" for one in decision["rejected"])]
    return "\n".join(lines) + "\n"


def _line(claim: Mapping[str, Any]) -> str:
    return f"* **{claim['topic']}.** {claim['sentence']} [{'; '.join(cited(claim))}]"


def cited(claim: Mapping[str, Any]) -> list[str]:
    """Where a claim's words and figures are from, as a reader looks them up."""
    return [*(place for _, place in claim["cites"]), *(f"{place} = {shown}" for place, shown in claim["figures"])]
