"""Callers at a steady rate on kept connections; every answer is kept with its moment, to be judged afterwards."""

import asyncio
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

CONNECTIONS = 8
OPENING_SECONDS = 0.005  # between two connections


@dataclass
class TimedAnswer:
    """One answer. `seconds` count from when it should have been sent: a slow caller must not hide a slow service."""

    sent_at: float  # time.time()
    seconds: float
    answered_in: float  # seconds from when it really was sent
    status: int
    head: bytes
    body: bytes
    asked: int  # which of the requests

    @property
    def answered_at(self) -> float:
        return self.sent_at + self.seconds

    @property
    def content(self) -> Any:
        return json.loads(self.body)


def post(content: Any) -> bytes:
    """The bytes of one question."""
    body = json.dumps(content).encode()
    head = f"POST /predict HTTP/1.1\r\nhost: l\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def quantile(answers: Sequence[TimedAnswer], share: float) -> float:
    ordered = sorted(one.seconds for one in answers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Load:
    """Asks the requests in turn from a thread of its own, `rate` per second or, without one, as fast as answered."""

    port: int
    requests: Sequence[bytes]
    rate: float | None = None
    connections: int = CONNECTIONS
    answers: list[TimedAnswer] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._is_over = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join()

    def between(self, start: float, end: float) -> list[TimedAnswer]:
        return [one for one in self.answers if start <= one.sent_at < end]

    async def _all(self) -> None:
        callers = []
        for number in range(self.connections):  # each asks at once: a worker that is busy leaves the next to the other
            streams = await asyncio.open_connection("127.0.0.1", self.port)
            callers.append(asyncio.create_task(self._caller(number, *streams)))
            await asyncio.sleep(OPENING_SECONDS)
        await asyncio.gather(*callers)

    async def _caller(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pause = self.connections / self.rate if self.rate else 0.0
        due, place = time.time() + pause * number / self.connections, number
        while not self._is_over:
            if pause:
                await asyncio.sleep(max(0.0, due - time.time()))
            else:
                due = time.time()
            asked, place = place % len(self.requests), place + self.connections
            try:
                sent = time.time()
                writer.write(self.requests[asked])
                head, body = await _answer(reader)
                now = time.time()
            except (OSError, asyncio.IncompleteReadError) as problem:
                self.errors.append(f"{type(problem).__name__}: {problem}")
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            else:
                self.answers.append(TimedAnswer(due, now - due, now - sent, int(head[9:12]), head, body, asked))
            due += pause
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    at = head.index(b"content-length:") + 15
    return head, await reader.readexactly(int(head[at : head.index(b"\r", at)]))


def capacity(port: int, requests: Sequence[bytes], seconds: float = 2, connections: int = CONNECTIONS) -> float:
    """Answers per second when every caller asks again at once; refusals are none.

    The best of three times: it happens that one worker takes every connection, and the other idles.
    """
    return max(_answered(port, requests, seconds, connections) for _ in range(3))


def _answered(port: int, requests: Sequence[bytes], seconds: float, connections: int) -> float:
    with Load(port, requests, connections=connections) as load:
        time.sleep(1)
        start = time.time()
        time.sleep(seconds)
        end = time.time()
    return sum(one.status == 200 for one in load.between(start, end)) / (end - start)
