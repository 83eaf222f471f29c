"""How many connections a worker holds, and for how long one may send half a question.

uvicorn bounds the size of a head (`h11_max_incomplete_event_size`) and how long an idle connection stays, but not how
long a head may take to arrive, and too many connections only by sending honest callers away (docs/decisions/0020). So
where room is scarce, whoever has kept others waiting longest goes: who sends a whole question at once never does.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_BYTES = 16_384  # a head has some 200; Apache and nginx allow 8,192 a line
HEAD_SECONDS = 5.0  # for a head to arrive, and for a connection to say nothing
LINGER_SECONDS = 1.0
MOST_WAITING = 400  # connections without a question, per worker: with all others under 1,024 open files, a usual limit


class Room:
    """At most `most` at a time; when one more comes, whoever came first is made to leave."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._leave: dict[Hashable, Callable[[], Any]] = {}

    def enter(self, who: Hashable, leave: Callable[[], Any]) -> None:
        """`leave` is called, once at most, when another one needs the place."""
        while len(self._leave) >= self._most:
            self._leave.pop(next(iter(self._leave)))()
        self._leave[who] = leave

    def leave(self, who: Hashable) -> None:
        self._leave.pop(who, None)

    def __len__(self) -> int:
        return len(self._leave)


class Connection(H11Protocol):
    """uvicorn's protocol, with a bound on how long it waits for a head. Overrides asyncio's methods alone."""

    waiting = Room(MOST_WAITING)
    by_peer: ClassVar[dict[Hashable, "Connection"]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._open, self._peer = transport, (transport.get_extra_info("peername") or (None, None))[:2]
        self._timer: asyncio.TimerHandle | None = None
        self.by_peer[self._peer] = self
        self.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ask()
        self.by_peer.pop(self._peer, None)
        super().connection_lost(exc)

    def wait(self) -> None:
        """From now on a head is expected."""
        self.ask()
        if not self._open.is_closing():
            self.waiting.enter(self, self.drop)
            self._timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.drop)

    def ask(self) -> None:
        """A head has arrived: the question's own bounds hold from here on."""
        self.waiting.leave(self)
        if self._timer is not None:
            self._timer.cancel()

    def end(self) -> None:
        """Read no more, and hang up when the caller has had time for the refusal: to read 50 MB to the end costs."""
        self.ask()
        if not self._open.is_closing():
            self._open.pause_reading()
            self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self.drop)

    def drop(self) -> None:
        """Hang up, whatever is unsent."""
        self._open.abort()


class NotOfCallers(logging.Filter):
    """Drops uvicorn's line for each request that is no HTTP: a caller could fill the disk with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno != logging.WARNING
