"""What a card is: what the requester says, terms that are drawn when it is dealt, targets that a check looks at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.settings import Settings

Terms = Mapping[str, Any]  # plain JSON, as the record has it


@dataclass(frozen=True)
class Target:
    """What must hold, and what was found of it."""

    name: str
    is_met: bool
    found: str


@dataclass(frozen=True)
class Card:
    """`deal` draws the terms from declarations, data and seed; `check` looks at the project, and at nothing said."""

    name: str
    title: str
    minutes: int  # the deadline, after which it still can be met
    said: Callable[[Terms], str]  # what the requester says
    measured: tuple[str, ...]  # what the check looks at, a sentence each
    deal: Callable[[Settings, int], dict[str, Any]]
    check: Callable[[Settings, Terms], list[Target]]
