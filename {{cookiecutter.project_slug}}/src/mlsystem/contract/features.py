"""Features, declared once: what each means, its unit, its window, when it is known, its range."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

EVERYTHING = "everything"  # the key, and its only value, of a view that has none
FeatureType = Literal["number", "count", "instant", "category"]


@dataclass(frozen=True)
class Feature:
    """`minimum` and `maximum` are what can be, not what is usual; a value outside them is a fault upstream.

    `tables` are those that it is made from, if not from all of its view's: while one of them is silent, the value says
    nothing and counts as missing. `age_of` names a stored instant: the feature is how many hours before the moment of
    prediction that was.
    """

    name: str
    meaning: str
    unit: str
    minimum: float = 0
    maximum: float = 1
    type: FeatureType = "number"
    window_hours: int | None = None
    categories: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    age_of: str | None = None


@dataclass(frozen=True)
class View:
    """A group of features with one key and one clock, computed by sql/<name>.sql. Without `keys` it is of everything.

    `refresh` is the tick at which the view is computed, or None if each new fact makes a row of its own.
    `ttl` is the age beyond which a value counts as missing; a join reads all rows that are younger, so keep it to some
    ticks. `is_expected` views make an answer `degraded` when
    they are missing; the others may have nothing to say of a key. What a view that is no `is_input` says is for the
    guards, and no column of a model.
    """

    name: str
    keys: tuple[str, ...]
    meaning: str
    known_at: str
    tables: tuple[str, ...]
    features: tuple[Feature, ...]
    ttl: timedelta
    refresh: timedelta | None
    is_expected: bool
    is_input: bool = True

    @property
    def join_keys(self) -> tuple[str, ...]:
        """Its keys as the store has them."""
        return self.keys or (EVERYTHING,)
