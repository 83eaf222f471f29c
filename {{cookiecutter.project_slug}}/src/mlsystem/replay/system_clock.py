"""What day it is for the system: the event log's clock under replay, the wall's for a live source."""

from contextlib import closing
from datetime import UTC, date, datetime

from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.replay.logs import log_path
from mlsystem.settings import Settings
from mlsystem.streaming.event_log import EventLog


class NoClock(UserError):
    """No event was ever played, so it is no day at all."""


def today(settings: Settings) -> date:
    """The service date that it is now. Raises NoClock."""
    return now(settings).astimezone(PROBLEM.zone).date()


def now(settings: Settings) -> datetime:
    """Raises NoClock."""
    if settings.clock == "wall":
        return datetime.now(UTC)
    clock = None
    if log_path(settings).exists():
        with closing(EventLog(log_path(settings))) as events:
            clock = events.clock()
    if clock is None:
        raise NoClock(
            "no event was played yet, so the system's clock does not stand anywhere; `make replay` plays a day, and "
            "MLSYSTEM_CLOCK=wall takes this machine's clock, for a live source"
        )
    return clock
