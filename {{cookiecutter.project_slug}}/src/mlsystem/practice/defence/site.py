"""A static site of what was built, measured and practised: reports/site, whose links work without a network."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mlsystem import storage
from mlsystem.errors import UserError
from mlsystem.practice import record
from mlsystem.practice.defence import brief, evidence_pack, markdown
from mlsystem.practice.defence.brief_check import refuse
from mlsystem.practice.defence.figures import Sources
from mlsystem.practice.defence.page import fill
from mlsystem.practice.defence.stories import POST_MORTEMS
from mlsystem.reporting import mine

FOLDER = "site"
MADE = {  # pages of reports_dir that other tasks write, taken over as they are
    "report": "The run",
    "year": "A year in the life",
    "status": "The system as it was",
    "tradeoffs": "Trade-offs",
    "capacity": "Capacity and cost",
    "experiment": "The experiment plan",
}
TEXTS = {  # folders of Markdown: below the project's folder, and what the list of their pages is called
    "docs/decisions": "Decisions",
    "docs/decisions/mine": "My own decisions",
    f"practice/{POST_MORTEMS}": "Post-mortems",
}
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//|#)", re.IGNORECASE)


class NothingToShow(UserError):
    """There is no run that a site could be made of."""


@dataclass(frozen=True)
class Text:
    """A page of Markdown: `source` from the project's folder, `target` from the site's."""

    source: str
    target: str
    title: str
    body: str


def write_site(sources: Sources) -> Path:
    """Write the site anew, and beside it the brief and the evidence that are part of it; its first page.

    Raises NothingToShow, BriefBroken, RecordChanged.
    """
    reports = sources.settings.reports_dir
    if not (reports / "run.json").exists():
        raise NothingToShow(f"there is no {reports / 'run.json'}; `make demo` makes the run that a site shows")
    refuse(brief.write_brief(sources)[1])  # what does not hold is not published
    evidence_pack.write_evidence(sources)
    aside, there = reports / f"{FOLDER}.aside", reports / FOLDER
    shutil.rmtree(aside, ignore_errors=True)
    _write(sources, aside)
    shutil.rmtree(there, ignore_errors=True)
    aside.rename(there)
    return there / "index.html"


def _write(sources: Sources, folder: Path) -> None:
    reports, found = sources.settings.reports_dir, evidence_pack.read(sources)
    made = {name: title for name, title in MADE.items() if (reports / f"{name}.html").exists()}
    for name in (*made, brief.NAME, evidence_pack.NAME):
        _copy(reports / f"{name}.html", folder / f"{name}.html")
    for name in (*found["files"], "reports/evidence.json", "reports/brief.json", "reports/brief.md"):
        _copy(_place(name, sources), folder / "files" / name)
    if (chain := sources.record_folder / record.FILE).exists():
        _copy(chain, folder / "files/practice" / record.FILE)
    texts = {title: _texts(sources, name) for name, title in TEXTS.items()}
    targets = {one.source: one.target for several in texts.values() for one in several}
    for one in (one for several in texts.values() for one in several):
        body = markdown.as_html(one.body, _linker(one, targets))
        _page(folder / one.target, "text.html.j2", title=one.title, body=body, up=_up(one.target), source=one.source)
    _page(folder / "drills.html", "drills.html.j2", found=found)
    _page(folder / "index.html", "index.html.j2", found=found, made=made, texts=texts, missing=_missing(found, made))


def _missing(found: dict[str, Any], made: dict[str, str]) -> dict[str, str]:
    """What the site could show and nothing has measured, with the task that would."""
    return {MADE[name]: state for name, state in found["runs"].items() if name in MADE and name not in made}


def _page(path: Path, template: str, **values: Any) -> None:
    storage.write_text(path, fill(template, **values))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _place(name: str, sources: Sources) -> Path:
    """Where a file lies that the evidence names: the folders of reports and practice may be elsewhere."""
    first, _, rest = name.partition("/")
    folder = {"reports": sources.settings.reports_dir, "practice": sources.record_folder}.get(first)
    return folder / rest if folder else sources.root / name


def _texts(sources: Sources, name: str) -> list[Text]:
    """The pages of a folder; an author's decision that still waits is none."""
    found = []
    for path in sorted(_place(name, sources).glob("*.md")):
        body = path.read_text(encoding="utf-8")
        if path.name != "README.md" and mine.WAITING not in body:
            title = body.splitlines()[0].lstrip("# ") if body.strip() else path.stem
            source = f"{name}/{path.name}"
            found.append(Text(source, f"{name.removeprefix('docs/')}/{path.stem}.html", title, body))
    return found


def _linker(text: Text, targets: dict[str, str]) -> Callable[[str], str | None]:
    """Links between pages of the site lead on; what is not in it, and any address, becomes plain text."""

    def link(href: str) -> str | None:
        if href.startswith("#"):
            return href
        if ELSEWHERE.match(href):
            return None
        path, _, anchor = href.partition("#")
        target = targets.get(_joined(text.source, path))
        return f"{_up(text.target)}{target}{'#' * bool(anchor)}{anchor}" if target else None

    return link


def _joined(source: str, href: str) -> str:
    parts: list[str] = list(PurePosixPath(source).parent.parts)
    for part in PurePosixPath(href).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _up(target: str) -> str:
    """From a page of the site to its first folder."""
    return "../" * target.count("/")
