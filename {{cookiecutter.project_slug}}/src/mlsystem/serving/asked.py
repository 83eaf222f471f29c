"""A flight with the moment at which it was asked about."""

from dataclasses import dataclass
from datetime import datetime

from mlsystem.domain.request import Flight


@dataclass(frozen=True)
class AskedFlight(Flight):
    """A replayed clock may ask at another moment than the domain's rule says; ages count up to that moment."""

    asked_at: datetime | None = None

    @property
    def as_of(self) -> datetime:
        return self.asked_at or super().as_of
