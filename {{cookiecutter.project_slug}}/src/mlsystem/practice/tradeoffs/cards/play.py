"""Dealing a card, checking it, and what the record says of it: when, how many tries, how long."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mlsystem.errors import UserError
from mlsystem.practice import record
from mlsystem.practice.tradeoffs.cards import page
from mlsystem.practice.tradeoffs.cards.card import Card, Target
from mlsystem.practice.tradeoffs.cards.deck import CARDS
from mlsystem.progress import say
from mlsystem.settings import Settings, load_project

DEALT, CHECKED = "card dealt", "card checked"


class NoCard(UserError):
    """No card of that name, or none on the table."""


@dataclass(frozen=True)
class Hand:
    """A card that was dealt: its terms, and every check since."""

    number: int
    card: Card
    dealt_at: datetime
    terms: dict[str, Any]
    checks: tuple[dict[str, Any], ...]

    @property
    def is_met(self) -> bool:
        return any(one["failing"] == [] for one in self.checks)

    @property
    def took(self) -> timedelta | None:
        """From the deal to the first check that was green."""
        green = (datetime.fromisoformat(one["at"]) for one in self.checks if one["failing"] == [])
        first = next(green, None)
        return first - self.dealt_at if first else None

    def standing(self) -> str:
        tries = f"{len(self.checks)} {'try' if len(self.checks) == 1 else 'tries'}"
        if self.took is None:
            return f"on the table since {self.dealt_at:%Y-%m-%d %H:%M} UTC, {tries}"
        late = self.took > timedelta(minutes=self.card.minutes)
        minutes = self.took / timedelta(minutes=1)
        return f"met after {minutes:.0f} minutes and {tries}" + (f", asked were {self.card.minutes}" if late else "")


def hands(folder: Path = record.FOLDER) -> list[Hand]:
    """Every card that was dealt, the oldest first. Raises RecordChanged."""
    checks = record.read(CHECKED, folder)
    return [
        Hand(
            number,
            CARDS[one["card"]],
            datetime.fromisoformat(one["at"]),
            one["terms"],
            tuple(check for check in checks if check["hand"] == number),
        )
        for number, one in enumerate(record.read(DEALT, folder))
        if one["card"] in CARDS
    ]


def deal(settings: Settings, name: str | None, folder: Path = record.FOLDER) -> Path:
    """The card of that name, or the next; its page. Raises NoCard, NothingToChange."""
    known = hands(folder)
    if known and not known[-1].is_met and name is None:
        raise NoCard(f"{known[-1].card.name} is on the table; `make cards ARGS=check` looks at it, or deal one by name")
    if name is not None and name not in CARDS:
        raise NoCard(f"no card is called {name}; there are {', '.join(CARDS)}")
    card = CARDS[name] if name else _next(known)
    say(f"dealing {card.name}: {card.title}")
    project_seed = load_project().seed
    terms = card.deal(settings, project_seed + len(known))
    record.add(DEALT, {"card": card.name, "terms": terms}, folder)
    return show(settings, folder)


def show(settings: Settings, folder: Path = record.FOLDER) -> Path:
    """Say the card on the table again, and write its page. Raises NoCard."""
    hand = _on_the_table(folder)
    print(f"\n{hand.card.title}\n\n  “{hand.card.said(hand.terms)}”\n")
    say(f"asked within {hand.card.minutes} minutes; {hand.standing()}")
    written = page.write(settings.reports_dir, hand)
    say(f"the card: {written}; `make cards ARGS=check` looks at the project")
    return written


def check(settings: Settings, folder: Path = record.FOLDER) -> bool:
    """Look at the project's state; whether every target is met. On record either way. Raises NoCard."""
    hand = _on_the_table(folder)
    say(f"looking at the project for {hand.card.name}")
    found = hand.card.check(settings, hand.terms)
    failing = [one.name for one in found if not one.is_met]
    record.add(CHECKED, {"hand": hand.number, "card": hand.card.name, "failing": failing}, folder)
    tell(found)
    hand = hands(folder)[-1]
    say(hand.standing())
    page.write(settings.reports_dir, hand, [asdict(one) for one in found])
    return not failing


def tell(found: Iterable[Target]) -> None:
    for one in found:
        say(f"  {'met  ' if one.is_met else 'FAILS'}  {one.name} ({one.found})")


def listing(folder: Path = record.FOLDER) -> None:
    """Every card, and how it went each time."""
    known = hands(folder)
    for card in CARDS.values():
        say(f"{card.name:14} {card.title}, {card.minutes} minutes")
        for hand in known:
            if hand.card is card:
                say(f"{'':14} {hand.standing()}")


def _next(known: list[Hand]) -> Card:
    """The first that was never dealt; after all of them, the one that was dealt longest ago."""
    last = {name: max((n for n, hand in enumerate(known) if hand.card.name == name), default=-1) for name in CARDS}
    return CARDS[min(CARDS, key=lambda name: last[name])]


def _on_the_table(folder: Path) -> Hand:
    known = hands(folder)
    if not known:
        raise NoCard("no card was dealt yet; `make cards ARGS=deal` deals one")
    return known[-1]
