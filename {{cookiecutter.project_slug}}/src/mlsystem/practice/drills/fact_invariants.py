"""What must hold of facts when an incident is over, for drills that break the feed: each against the user's own."""

import pandas as pd

from mlsystem import storage
from mlsystem.contract.tables import Facts
from mlsystem.domain import PROBLEM
from mlsystem.practice.drills.invariants import MOST_FACTS, Verdict, own_labels
from mlsystem.practice.drills.reference import Reference
from mlsystem.practice.drills.world import World
from mlsystem.settings import Settings

OFF = 0.3  # of the facts' size, by which they may be off on average


def facts_are_once(world: World, table: str, about: str) -> Verdict:
    """No two of a table's validated rows say the same of one thing at one moment."""
    rows = _since_the_beginning(world, world.own.settings, table)
    twice = int(rows.duplicated([about, "known_at"]).sum())
    return Verdict(
        "every fact is there once", len(rows) > 0 and twice == 0, f"{twice:,} of {len(rows):,} are there again"
    )


def nothing_invented(world: World, reference: Reference) -> Verdict:
    """No question has a label that has none in life."""
    asked = [one["id"] for one in world.asked]
    own = own_labels(world)
    invented = int((~own.index[own.index.isin(asked)].isin(reference.labels.index)).sum())
    return Verdict("no label is invented", invented == 0, f"{invented:,} questions have one that never got one")


def facts_are_usual(world: World, facts: Facts, key: str = "", value: str = "") -> Verdict:
    """The numbers of the facts since the fault, or of a group's, are those that were measured."""
    told, measured = _since_the_fault(world, facts.table, facts.number)
    if key:
        of_group = _since_the_fault(world, facts.table, key)[1] == value
        told, measured = told[of_group], measured[of_group]
    if told.notna().mean() < MOST_FACTS:
        found = f"{told.notna().sum():,} of {len(told):,} are there"
        return Verdict("the facts are those that were measured", False, found)
    off = float((told - measured).abs().mean() / max(float(measured.abs().mean()), 1.0))
    return Verdict("the facts are those that were measured", off <= OFF, f"they are {off:.0%} off on average")


def facts_say_their_group(world: World, table: str, key: str) -> Verdict:
    """Each fact since the fault is of the group that it is about."""
    told, measured = _since_the_fault(world, table, key)
    wrong = int((told.notna() & (told != measured)).sum())
    found = f"{wrong:,} of {len(told):,} are of another, and {int(told.isna().sum()):,} are missing"
    holds = wrong == 0 and told.notna().mean() >= MOST_FACTS
    return Verdict("every fact is of its group", bool(holds), found)


def _since_the_fault(world: World, table: str, column: str) -> tuple[pd.Series, pd.Series]:
    """By the row's key, what the sandbox has (NaN where the row is missing) and what was measured."""
    own, theirs = (_since_the_beginning(world, one, table) for one in (world.own.settings, world.theirs))
    name = PROBLEM.table[table].key
    is_since = (theirs["known_at"] >= world.plan.since) & (theirs["known_at"] <= world.clock)
    measured = theirs[is_since].drop_duplicates(name).set_index(name)[column]
    return own.drop_duplicates(name).set_index(name)[column].reindex(measured.index), measured


def _since_the_beginning(world: World, settings: Settings, table: str) -> pd.DataFrame:
    """No rows where every day was stopped."""
    days = storage.day_range(world.began.date(), world.day)
    own, theirs = (storage.Partitions(one.validated_dir / table) for one in (settings, world.theirs))
    is_there = any(own.path(day).exists() for day in days)
    return (own.read(days) if is_there else theirs.read(days).slice(0, 0)).to_pandas()
