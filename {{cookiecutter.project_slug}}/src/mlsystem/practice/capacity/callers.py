"""Callers that are cheap enough to measure a fast service: raw kept connections on one event loop.

Closed loop: each caller asks again when it is answered, so load follows the service. Open loop: questions come when
they come, by a Poisson process, whether or not the last was answered, as people's do; only this one can show a queue.
"""

import asyncio
import itertools
import selectors
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import numpy as np

from mlsystem.errors import UserError

CONNECTIONS = 32  # a worker refuses what would be its 25th question, so it never keeps as many waiting
Returned = TypeVar("Returned")


class CallersFailed(UserError):
    """The service hung up: what the callers saw is no measurement of it."""


@dataclass(frozen=True)
class Answer:
    """Instants in seconds of perf_counter. `due_at`: when a question should have been sent; a late caller says so."""

    due_at: float
    sent_at: float
    answered_at: float
    status: int
    bytes: int  # of its body

    @property
    def seconds(self) -> float:
        return self.answered_at - self.due_at


class _Connection(asyncio.Protocol):
    """One kept connection with at most one question on its way."""

    def __init__(self) -> None:
        self._received = b""
        self._answered: asyncio.Future[tuple[int, int]] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, ended, body = self._received.partition(b"\r\n\r\n")
        if not ended or self._answered is None:
            return
        lower = head.lower()
        at = lower.index(b"content-length:") + 15
        if len(body) >= int(lower[at:].split(b"\r", 1)[0]):
            self._received, answered, self._answered = b"", self._answered, None
            answered.set_result((int(head[9:12]), len(body)))

    def connection_lost(self, reason: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(CallersFailed(f"the service hung up: {reason or 'closed'}"))

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, int]]":
        """Status and size of the answer, once all of it is there."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def close(self) -> None:
        self._transport.close()


async def _connections(port: int, number: int) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(_Connection, "127.0.0.1", port))[1] for _ in range(number)]


def closed_loop(port: int, requests: Sequence[bytes], callers: int, seconds: float) -> list[Answer]:
    """All callers' answers, in the order in which they came."""
    return _run(_closed_loop(port, requests, callers, seconds))


async def _closed_loop(port: int, requests: Sequence[bytes], callers: int, seconds: float) -> list[Answer]:
    answers: list[Answer] = []
    until = perf_counter() + seconds

    async def caller(connection: _Connection, place: int) -> None:
        while (sent := perf_counter()) < until:
            answer = await connection.ask(requests[place % len(requests)])
            answers.append(Answer(sent, sent, perf_counter(), *answer))
            place += callers
        connection.close()

    connections = await _connections(port, callers)
    await asyncio.gather(*(caller(one, place) for place, one in enumerate(connections)))
    return answers


def single_caller(port: int, requests: Sequence[bytes], pauses: Sequence[float]) -> list[tuple[float, float]]:
    """One question at a time, each after a pause: (seconds that the service was left idle, seconds to the answer).

    Nobody waits for another, so this is what a question takes by itself; on as many connections, in turn, as the open
    loop has, for what lies longest in a worker's memory is slowest.
    """
    return _run(_single_caller(port, requests, pauses))


async def _single_caller(port: int, requests: Sequence[bytes], pauses: Sequence[float]) -> list[tuple[float, float]]:
    connections = await _connections(port, CONNECTIONS)
    found, answered = [], perf_counter()
    for place, pause in enumerate(pauses):
        due = answered + pause
        if pause:
            await asyncio.sleep(due - perf_counter())
        sent = perf_counter()
        await connections[place % CONNECTIONS].ask(requests[place % len(requests)])
        idle, answered = sent - answered, perf_counter()
        found.append((idle, answered - (due if pause else sent)))
    for connection in connections:
        connection.close()
    return found


def alone_and_paired(port: int, requests: Sequence[bytes], number: int) -> list[tuple[float, float]]:
    """A question alone, then two at once, again and again: (seconds to its answer, to the first answer of the two)."""
    return _run(_alone_and_paired(port, requests, number))


async def _alone_and_paired(port: int, requests: Sequence[bytes], number: int) -> list[tuple[float, float]]:
    connections, places = await _connections(port, CONNECTIONS), itertools.count()

    async def first_answer(questions: int) -> float:
        sent = perf_counter()
        asked = [
            connections[place % CONNECTIONS].ask(requests[place % len(requests)])
            for place in itertools.islice(places, questions)
        ]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        seconds = perf_counter() - sent
        await asyncio.gather(*asked)
        return seconds

    found = [(await first_answer(1), await first_answer(2)) for _ in range(number)]
    for connection in connections:
        connection.close()
    return found


def open_loop(port: int, requests: Sequence[bytes], rate: float, seconds: float, seed: int) -> list[Answer]:
    """Answers to questions that come at random, `rate` a second on average. Raises CallersFailed."""
    gaps = np.random.default_rng(seed).exponential(1 / rate, int(rate * seconds))
    return _run(_open_loop(port, requests, np.cumsum(gaps).tolist()))


async def _open_loop(port: int, requests: Sequence[bytes], moments: Sequence[float]) -> list[Answer]:
    idle = deque(await _connections(port, CONNECTIONS))
    answers: list[Answer] = []
    waiting: set[asyncio.Task[None]] = set()

    async def ask(connection: _Connection, request: bytes, due: float) -> None:
        sent = perf_counter()
        answer = await connection.ask(request)
        answers.append(Answer(due, sent, perf_counter(), *answer))
        idle.append(connection)

    start = perf_counter()
    for place, moment in enumerate(moments):
        await asyncio.sleep(max(0.0, start + moment - perf_counter()))
        while not idle:  # the service stands still; the seconds count from `due` all the same
            await asyncio.sleep(0.001)
        task = asyncio.create_task(ask(idle.popleft(), requests[place % len(requests)], start + moment))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
    await asyncio.gather(*waiting)
    for connection in idle:
        connection.close()
    return answers


def _run(work: Coroutine[Any, Any, Returned]) -> Returned:
    """On a loop whose timers are exact: epoll's and poll's round up to a millisecond, half of what a question takes."""
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        return runner.run(work)


def post(body: bytes) -> bytes:
    """The bytes of one question."""
    head = f"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body
