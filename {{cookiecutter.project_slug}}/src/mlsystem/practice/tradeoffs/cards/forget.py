"""Card: all that is kept of one key's value must be forgotten, in every store; and the system still runs."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs.cards import state
from mlsystem.practice.tradeoffs.cards.card import Card, Target, Terms
from mlsystem.practice.tradeoffs.cards.traces import STORES, orphans
from mlsystem.settings import Settings

SHARES = (0.002, 0.05)  # of the questions: enough to be found everywhere, and the days stay whole without them


def deal(settings: Settings, seed: int) -> dict[str, Any]:
    """A key and one of its values, drawn by the seed; and how many facts have lost their question already."""
    asked = storage.Partitions(settings.validated_dir / PROBLEM.asked_of).read()
    drawn = [one for key in PROBLEM.keys for one in _candidates(asked[key], key)]
    if not drawn:
        raise state.NothingToChange("no key of this domain has a value that is neither rare nor most of the data")
    key = Random(seed).choice(sorted({key for key, _ in drawn}))
    value = Random(seed).choice(sorted(value for name, value in drawn if name == key))
    return {"key": key, "value": value, "orphans": orphans(settings)}


def _candidates(values: Any, key: str) -> Iterator[tuple[str, str]]:
    for one in pc.value_counts(values.combine_chunks()).to_pylist():
        if one["values"] is not None and SHARES[0] <= one["counts"] / len(values) <= SHARES[1]:
            yield key, one["values"]


def said(terms: Terms) -> str:
    return (
        f"{terms['key']} {terms['value']} has asked us to forget them, and the law is on their side. Nothing that is "
        f"theirs may be left in any store, no model that answers may have learned from it, and it must not come back "
        f"with tomorrow's delivery. All the others must not notice."
    )


def check(settings: Settings, terms: Terms) -> list[Target]:
    traces = [
        Target(
            f"nothing of it in the {name}", not (found := look(settings, terms["key"], terms["value"])), found or "none"
        )
        for name, look in STORES.items()
    ]
    now = orphans(settings)
    left = {name: now[name] - before for name, before in terms["orphans"].items() if now[name] > before}
    told = ", ".join(f"{count:,} in {name}" for name, count in left.items()) or "none"
    return [
        *traces,
        Target("no fact is left behind whose question is gone", not left, told),
        others(settings, terms),
        state.present_champion(settings),
    ]


def others(settings: Settings, terms: Terms) -> Target:
    """The rest is there: a project without any data has forgotten everybody."""
    rows = state.training_set(settings)
    partitions = storage.Partitions(settings.validated_dir / PROBLEM.asked_of)
    days = partitions.days()
    full = sum(partitions.rows(day) > 0 for day in days)
    asked = (settings.last_day - settings.first_day).days + 1
    is_whole = rows is not None and rows.num_rows > 0 and full >= 0.95 * asked
    return Target("the others are still there", is_whole, f"{full} of {asked} days have {PROBLEM.words.questions}")


CARD = Card(
    "forget",
    "One of them must be forgotten",
    90,
    said,
    (
        "Every row of the source, of the validated tables and their quarantine, of the features and the training set.",
        "The keys of the online store, every record of the event log and its dead letters, the prediction log.",
        "Whether facts are left behind whose question is gone, and whether all other days are there.",
        "Whether the champion is of the present code and data. Older versions of the model, backups and git are not "
        "looked at: say what you would do about them.",
    ),
    deal,
    check,
)
