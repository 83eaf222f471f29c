"""What a drill is: plain declarations, and the functions that break, mend and judge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from mlsystem.contract.question import Question
from mlsystem.errors import UserError

if TYPE_CHECKING:
    from mlsystem.practice.drills.invariants import Evidence, Verdict
    from mlsystem.practice.drills.world import World

Entry = Literal["upstream", "a deploy", "the environment", "people", "nothing"]
CATALOGUE = Path(__file__).parent / "catalogue"
PAGE = "incident.md"


class NoSuchDrill(UserError):
    """A name that no drill has."""


@dataclass(frozen=True)
class Plan:
    """What the seed chose of the fault. The learner has to find it out."""

    where: str  # an entry of the drill's closed list of places
    since: datetime  # from this moment of event time on
    facts: Mapping[str, Any]  # what else the fault needs: a key, a size


@dataclass(frozen=True)
class Drill:
    """One incident. `places` and `causes` are closed lists; those that are not right are plausible.

    `plan` draws the fault from the seed. `alter` takes the rows of a table that are delivered, and gives what lands in
    which folder; `asks` changes who asks; `strike` does what happens at once, at `since`. `mend` is the reference
    repair and `decoy` the plausible one that mends nothing. `holds` are the invariants beside those of every drill,
    `signals` what shows it, `alert` what fires (none if nothing does) within so many hours, at the pace of a drill.
    """

    name: str  # of its folder, and says the cause: a learner sees the number
    number: int
    title: str
    entry: Entry
    needs: str  # of the declarations, as a person reads it
    plan: Callable[["World", Random], Plan]
    places: Callable[["World"], list[str]]
    causes: tuple[str, ...]
    cause: str
    mend: Callable[["World", Plan], None]
    decoy: Callable[["World", Plan], None]
    decoy_is: str  # in words
    resembles: str  # the public incident, with its source
    signals: tuple[str, ...]
    may_show: tuple[str, ...] = ()  # signals that depend on the domain: its rules, its batches
    alert: str = ""
    within_hours: int = 8
    alter: Callable[[Plan, str, pa.Table], Mapping[str, pa.Table]] | None = None
    asks: Callable[[Plan, list[Question]], list[Question]] | None = None
    strike: Callable[["World", Plan], None] | None = None
    holds: Callable[["World", Plan, "Evidence"], list["Verdict"]] | None = None
    costs_later: str = ""  # why its first days cost no money, if they do not
    called_after: int = 2  # hours at least, until what the page says is so
    mendable_alerts: frozenset[str] = frozenset()  # those that a repair may change
    hints: tuple[str, ...] = ()  # the vaguest first
    minutes: int = 20  # that a person may need

    @property
    def is_none(self) -> bool:
        """Whether nothing is wrong, and doing nothing is right."""
        return self.entry == "nothing"

    @property
    def page(self) -> str:
        """What on-call sees, as Markdown."""
        return (CATALOGUE / self.name / PAGE).read_text(encoding="utf-8")


def names() -> list[str]:
    return sorted(path.parent.name for path in CATALOGUE.glob("*/fault.py"))


def all_drills() -> list[Drill]:
    """In the order of their numbers."""
    return sorted(map(load, names()), key=lambda one: one.number)


def any_number(seed: int) -> int:
    """One that the seed and the moment draw."""
    return Random(f"{seed} {datetime.now(UTC)}").choice(all_drills()).number


def numbered(number: int) -> Drill:
    """Raises NoSuchDrill."""
    found = {one.number: one for one in all_drills()}
    if number not in found:
        raise NoSuchDrill(f"there is no drill {number}; there are 1 to {max(found)}, and `any`")
    return found[number]


def load(name: str) -> Drill:
    """By its name. Raises NoSuchDrill."""
    if name not in names():
        raise NoSuchDrill(f"there is no drill {name!r}; there are {', '.join(names())}")
    module = import_module(f"mlsystem.practice.drills.catalogue.{name}.fault")
    drill: Drill = module.DRILL
    return drill
