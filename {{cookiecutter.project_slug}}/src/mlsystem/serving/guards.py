"""What stands in front of the service: refuses what cannot be a question, in one sentence, and counts every answer.

BentoML reads a body of any size, takes any content type for JSON, and labels its metrics with any path that a caller
invents (decision 0008). Nothing that a caller can send may give a 5xx.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from pydantic import ValidationError

from mlsystem.metrics.serving import ServingMetrics
from mlsystem.serving.connections import Connection, Room
from mlsystem.serving.refusals import SENTENCES, Refused, refusal_of
from mlsystem.serving.strict_json import check_json

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

logger = logging.getLogger("bentoml.mlsystem")

ROUTES = ("/predict", "/model", "/metrics", "/livez", "/readyz", "/healthz", "/docs.json", "/")
RETRY_AFTER_SECONDS = b"1"
BODY_SECONDS = 5.0  # a body of the largest size takes 1 s at 8 Mbit/s
MOST_BODIES = 64  # arriving at a time, per worker: 64 MB of the largest size; then the slowest is given up
ANSWER_SECONDS = 10.0  # for a caller to take the answer
UNREAD = (408, 413)  # refused before the body has arrived
ONCE = (b"content-type", b"content-length", b"transfer-encoding", b"host")  # said twice, they say two things


class Guard:
    """ASGI middleware, one per worker. `max_pending` bounds the queue: what waits longer than a caller is wasted.

    A question is pending from its last byte to the first of its answer: a body that arrives slowly, or an answer that
    is taken slowly, keeps nobody else waiting. The application sees no header, query or address but those checked here.
    """

    def __init__(self, app: Any, metrics: Callable[[], ServingMetrics], max_body_bytes: int, max_pending: int) -> None:
        self.app = app
        self.metrics = metrics()
        self.max_body_bytes = max_body_bytes
        self.max_pending = max_pending
        self.pending = 0
        self.bodies = Room(MOST_BODIES)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = Connection.by_peer.get(scope["client"])
        if connection is not None:
            connection.ask()
        answer, started = _Answer(send), perf_counter()
        try:
            await self._answered(scope, receive, answer)
        except _Gone:
            if connection is not None:
                connection.drop()
            return
        if connection is not None:
            connection.end() if answer.status in UNREAD else connection.wait()
        self._count(scope["path"], answer.status, perf_counter() - started)

    async def _answered(self, scope: Message, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._admitted(scope, receive, answer)
        except Refused as refused:
            await answer.refuse(refused.status, {"error": str(refused)})
        except _Gone:
            raise
        except Exception:  # whatever it is, it is ours: say so at once, to the caller and in the log
            logger.exception(
                "%s %s failed", scope["method"][:10], scope["path"] if scope["path"] in ROUTES else "other"
            )
            if answer.has_begun:
                raise _Gone from None
            await answer.refuse(500, {"error": "the service failed on this; its log says why"})

    async def _admitted(self, scope: Message, receive: Receive, answer: "_Answer") -> None:
        headers = scope["headers"]
        if scope["path"] not in ROUTES:
            raise Refused(404, SENTENCES[404])
        if any(sum(name == once for name, _ in headers) > 1 for once in ONCE):
            raise Refused(400, "a header that says what the body is, or whose it is, may be there only once")
        said, body = dict(headers), b""
        if scope["path"] == "/predict" and scope["method"] == "POST":
            self._check_room()
            body = await self._body(said, receive)
            self._check_room()
        kept = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        kept.append((b"content-length", str(len(body)).encode()))
        inner = {**scope, "headers": kept, "query_string": b""}
        self.pending += 1
        try:
            await self.app(inner, _replay(body, receive), answer.hold)
        finally:
            self.pending -= 1
        await answer.finish()

    def _check_room(self) -> None:
        if self.pending >= self.max_pending:
            raise Refused(429, "more requests have come than can be answered in time; try again in a second")

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The whole body, checked. Raises Refused."""
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != b"application/json":
            raise Refused(415, f"the content type must be application/json, {'another is said' if kind else 'none is'}")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:18]) > self.max_body_bytes:
            raise self._too_large()
        with self.metrics.stage("parse"):
            body = await self._arrived(receive)
            check_json(body)
        return body

    async def _arrived(self, receive: Receive) -> bytes:
        """Give up a body that is slow, or the slowest when many arrive at a time."""
        try:
            async with asyncio.timeout(BODY_SECONDS) as patience:
                self.bodies.enter(patience, lambda: None if patience.expired() else patience.reschedule(0))
                return await self._read(receive)
        except TimeoutError:
            raise Refused(408, f"the body did not arrive within {BODY_SECONDS:g} seconds, or too many came") from None
        finally:
            self.bodies.leave(patience)

    async def _read(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            body += message.get("body", b"")
            if len(body) > self.max_body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Refused:
        return Refused(413, f"the body may have {self.max_body_bytes:,} bytes at most; send fewer questions at a time")

    def _count(self, path: str, status: int, seconds: float) -> None:
        route = path if path in ROUTES else "other"
        self.metrics.requests.labels(route, status).inc()
        self.metrics.request_seconds.labels(route).observe(seconds)
        if 400 <= status < 500:
            self.metrics.rejected.labels(status).inc()


class _Gone(Exception):
    """The caller hung up, or does not take the answer."""


class _Answer:
    """Holds an answer until it is whole, and gives a refusal the one form that all refusals have."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.status = 0
        self.has_begun = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def hold(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")

    async def finish(self) -> None:
        """Send what is held. Raises _Gone if the caller does not take it."""
        if self.status >= 400:
            await self.refuse(self.status, refusal_of(self.status, bytes(self._body)))
        else:
            await self._say(self._headers, bytes(self._body))

    async def refuse(self, status: int, content: dict[str, Any]) -> None:
        self.status = status
        body = json.dumps(content).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if status in (429, 503):
            headers.append((b"retry-after", RETRY_AFTER_SECONDS))
        await self._say(headers, body)

    async def _say(self, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.has_begun = True
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.send({"type": "http.response.start", "status": self.status, "headers": headers})
                await self.send({"type": "http.response.body", "body": body})
        except TimeoutError:
            raise _Gone from None


def _replay(body: bytes, receive: Receive) -> Receive:
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return unread.pop() if unread else await receive()

    return again


class ExpectedRefusals(logging.Filter):
    """Drops BentoML's error record, with traceback and input values, for each question that was refused."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], ValidationError))
