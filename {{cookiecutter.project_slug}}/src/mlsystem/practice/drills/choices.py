"""What the seed draws from, found in the declarations: days, hours, keys with enough questions, facts with a number."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.contract.tables import Facts, Table
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.settings import Settings

if TYPE_CHECKING:
    from mlsystem.practice.drills.world import World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DAYS = 10  # that a drill can last: it begins so many before the last day that can be replayed
SHARE = (0.08, 0.4)  # of the day's questions: enough to be seen, and not all


class NotHere(UserError):
    """The domain declares nothing that the drill could break."""


def first_day(settings: Settings, seed: int) -> date:
    """The seed draws it among the days that no model of the demo learned from."""
    first, last = PROBLEM.held_out[0], min(PROBLEM.held_out[1], settings.last_day) - DAYS * DAY
    return storage.day_range(first, max(first, last))[Random(seed).randrange(max((last - first).days, 0) + 1)]


def since(world: "World", random: Random, earliest: int = 12, latest: int = 16) -> datetime:
    """So many hours after the beginning, on the hour."""
    moment = world.began + random.randint(earliest, latest) * HOUR
    return moment.replace(minute=0, second=0, microsecond=0)


def since_next_day(world: "World", table: str) -> datetime:
    """The midnight before the table's rows of another day: a rule that stops a day stops all of it, from its start."""
    first = first_day(world.theirs, world.seed)
    later = storage.day_range(first + DAY, first + DAYS * DAY)  # on some nothing happens
    rows = storage.Partitions(world.theirs.validated_dir / table).read(later)
    moment: datetime = pc.min(rows["known_at"]).as_py()
    return datetime.combine(moment.astimezone(PROBLEM.zone).date(), time(), PROBLEM.zone).astimezone(UTC)


def slices(world: "World", field_names: tuple[str, ...] | None = None) -> Iterator[tuple[str, str]]:
    """Each key of the questions with each value that a fair share of the first day's questions have."""
    rows = storage.Partitions(world.theirs.validated_dir / PROBLEM.asked_of).read([world.began.date()])
    for key in PROBLEM.keys if field_names is None else field_names:
        counts = pc.value_counts(rows[key]).to_pylist()
        for one in sorted(counts, key=lambda found: str(found["values"])):
            if one["values"] and SHARE[0] <= one["counts"] / rows.num_rows <= SHARE[1]:
                yield key, str(one["values"])


def slice_of(world: "World", random: Random, field_names: tuple[str, ...] | None = None) -> tuple[str, str]:
    """Raises NotHere."""
    found = list(slices(world, field_names))
    if not found:
        raise NotHere(f"no key has a value with {SHARE[0]:.0%} to {SHARE[1]:.0%} of a day's questions")
    return random.choice(found)


def measured_table() -> tuple[Table, str]:
    """A table of facts that is not the label's, and its number. Raises NotHere."""
    for facts in PROBLEM.facts:
        if facts.table != PROBLEM.label.table:
            return PROBLEM.table[facts.table], facts.number
    raise NotHere("no facts are declared beside those that make the labels")


def sliced_facts(world: "World", random: Random) -> tuple[Facts, str, str]:
    """Facts whose rows say a key, rather not the label's; that key, and a value of it that the seed draws.

    Raises NotHere.
    """
    for facts in sorted(PROBLEM.facts, key=lambda one: one.table == PROBLEM.label.table):
        columns = storage.Partitions(world.theirs.validated_dir / facts.table).read([world.began.date()]).schema.names
        found = list(slices(world, tuple(key for key in PROBLEM.keys if key in columns)))
        if found:
            return facts, *random.choice(found)
    raise NotHere("no facts are declared whose rows say a key of the questions")


def places(world: "World", *others: str) -> list[str]:
    """The closed list of where: every slice of the first day, and parts of the system."""
    return sorted(f"{key} = {value}" for key, value in slices(world)) + list(others)
