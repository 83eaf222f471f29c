"""Claims: sentences whose figures a machine fills in, each with its citations.

claims.toml has the project's own, and practice/claims.toml, where there is one, its author's.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlsystem.errors import UserError
from mlsystem.practice.defence.citations import CitationGone, locate
from mlsystem.practice.defence.figures import FIGURE, NoSuchFigure, NotMeasured, Sources

OWN = Path(__file__).parent / "claims.toml"
YOURS = "claims.toml"  # in practice/, in the same form
LENGTHS = (2, 10, 45)  # minutes of a walk-through; a claim is in the shortest that it names, and in all longer ones
STEPS = {  # of every walk-through, in its order
    "frame": "Frame",
    "requirements": "Requirements",
    "data": "Data",
    "features": "Features",
    "model": "Model",
    "serving": "Serving",
    "monitoring": "Monitoring",
    "loop": "The loop",
    "tradeoffs": "Trade-offs",
    "scale": "Scale",
    "cost": "Cost",
    "next": "What next",
}
TYPED = re.compile(r"(?<![\w-])\.?\d(?:[\d.,]*\d)?")  # p99 and MLflow2 are names; 0.75 is a figure that somebody typed


class ClaimsUnreadable(UserError):
    """A file of claims that does not have their form."""


@dataclass(frozen=True)
class Template:
    """A claim as it is written. Without what is `given` there is nothing to claim."""

    id: str
    step: str
    minutes: int
    topic: str
    say: str
    cite: tuple[str, ...] = ()
    given: str = ""


@dataclass(frozen=True)
class Claim:
    """A claim as it holds now. `figures` are (where from, as shown); `cites` are (as written, where it is now)."""

    id: str
    step: str
    minutes: int
    topic: str
    say: str
    sentence: str
    is_measured: bool
    figures: tuple[tuple[str, str], ...]
    cites: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def load(practice_folder: Path) -> list[Template]:
    """The project's claims, then the author's own. Raises ClaimsUnreadable."""
    return [one for path in (OWN, practice_folder / YOURS) if path.exists() for one in read(path)]


def read(path: Path) -> list[Template]:
    """Raises ClaimsUnreadable, which names the claim."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("claim", [])
    except tomllib.TOMLDecodeError as wrong:
        raise ClaimsUnreadable(f"{path} is no TOML: {wrong}; mend that line") from None
    return [_template(entry, path) for entry in entries]


def _template(entry: Mapping[str, Any], path: Path) -> Template:
    try:
        one = Template(**{**entry, "cite": tuple(entry.get("cite", ()))})
    except TypeError as wrong:
        raise ClaimsUnreadable(f"{path}: the claim {entry.get('id', entry)!r} has another form ({wrong})") from None
    if one.step not in STEPS or one.minutes not in LENGTHS:
        raise ClaimsUnreadable(
            f"{path}: the claim {one.id!r} is of step {one.step!r} and {one.minutes} minutes; "
            f"steps are {', '.join(STEPS)}, and minutes {', '.join(map(str, LENGTHS))}"
        )
    return one


def fill(template: Template, sources: Sources) -> Claim:
    """The claim with its figures; one that nothing has measured yet says by which task it would be.

    Raises CitationGone, NoSuchFigure.
    """
    figures, missing = [], ""
    sentence = template.say
    for match in FIGURE.finditer(template.say):
        try:
            figure = sources.figure(match[1], match[2].strip(), match[3].strip())
        except NotMeasured as unknown:
            missing = str(unknown)
            break
        sentence = sentence.replace(match[0], figure.shown, 1)
        if figure.is_evidence:
            figures.append((figure.place, figure.shown))
    sentence = " ".join((f"{missing[:1].upper()}{missing[1:]}." if missing else sentence).split())
    return Claim(
        id=template.id, step=template.step, minutes=template.minutes, topic=template.topic, say=template.say,
        sentence=sentence,
        is_measured=not missing,
        figures=() if missing else tuple(figures),
        cites=tuple((cite, str(locate(cite, sources.root))) for cite in template.cite),
    )  # fmt: skip


def faults_of(template: Template) -> Iterator[str]:
    """What is wrong with it whatever any run says: it cites nothing, or has a number that no machine can check."""
    is_cited = template.cite or any(match[1] != "problem" for match in FIGURE.finditer(template.say))
    if not is_cited:
        yield f"claim {template.id!r} cites nothing: give it a file with a name in it, a test, or a run's figure"
    for typed in TYPED.findall(FIGURE.sub("", template.say)):
        yield f"claim {template.id!r} has the number {typed} typed by hand: say where it is from, as {{run:path|form}}"


def fill_all(templates: Iterable[Template], sources: Sources) -> tuple[list[Claim], list[str]]:
    """Every claim that holds, and a sentence for each fault of the others."""
    claims, faults, seen = list[Claim](), list[str](), set[str]()
    for template in templates:
        if template.given and not sources.has(*template.given.split(":", 1)):
            continue
        faults += faults_of(template)
        if template.id in seen:
            faults.append(f"claim {template.id!r} is there twice: give one of them another id")
        seen.add(template.id)
        try:
            claims.append(fill(template, sources))
        except (CitationGone, NoSuchFigure) as wrong:
            faults.append(f"claim {template.id!r}: {wrong}")
    return claims, faults
