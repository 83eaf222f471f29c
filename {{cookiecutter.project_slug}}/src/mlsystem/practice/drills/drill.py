"""What a drill is: plain declarations, and the functions that break, mend and judge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from mlsystem.errors import UserError

if TYPE_CHECKING:
    from mlsystem.practice.drills.invariants import Evidence, Verdict
    from mlsystem.practice.drills.world import World

Entry = Literal["upstream", "a deploy", "the environment", "people", "nothing"]
CATALOGUE = Path(__file__).parent / "catalogue"
PAGE = "page.md"


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

    `plan` draws the fault from the seed. `alter` changes what is delivered of a table on a day; `strike` does what
    happens at once, at `since`. `mend` is the reference repair and `decoy` the plausible one that mends nothing.
    `holds` are the invariants beside those of every drill.
    """

    name: str
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
    alter: Callable[[Plan, str, date, pa.Table], pa.Table] | None = None
    strike: Callable[["World", Plan], None] | None = None
    holds: Callable[["World", Plan, "Evidence"], list["Verdict"]] | None = None
    mendable_alerts: frozenset[str] = frozenset()  # those that a repair may change
    hints: tuple[str, ...] = ()  # the vaguest first
    minutes: int = 20  # that a person may need

    @property
    def page(self) -> str:
        """What on-call sees, as Markdown."""
        return (CATALOGUE / self.name.replace("-", "_") / PAGE).read_text(encoding="utf-8")


def names() -> list[str]:
    return sorted(path.parent.name.replace("_", "-") for path in CATALOGUE.glob("*/fault.py"))


def any_name(seed: int) -> str:
    """One that the seed and the moment draw."""
    return Random(f"{seed} {datetime.now(UTC)}").choice(names())


def load(name: str) -> Drill:
    """Raises NoSuchDrill."""
    if name not in names():
        raise NoSuchDrill(f"there is no drill {name!r}; there are {', '.join(names())}")
    module = import_module(f"mlsystem.practice.drills.catalogue.{name.replace('-', '_')}.fault")
    drill: Drill = module.DRILL
    return drill
