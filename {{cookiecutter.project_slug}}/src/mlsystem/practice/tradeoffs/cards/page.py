"""The card on the table as a page: what is asked, by when, what is measured, and how it stands."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlsystem import storage
from mlsystem.reporting import templates

if TYPE_CHECKING:
    from mlsystem.practice.tradeoffs.cards.play import Hand


def write(reports_dir: Path, hand: "Hand", found: Sequence[dict[str, Any]] = ()) -> Path:
    """`found` are the targets of the last check, if there was one."""
    page = reports_dir / "card.html"
    storage.write_text(page, render(hand, found))
    return page


def render(hand: "Hand", found: Sequence[dict[str, Any]]) -> str:
    return templates.fill("card.html.j2", room="practice.tradeoffs.cards", hand=hand, card=hand.card, found=found)
