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

from mlsystem.metrics import ServingMetrics
from mlsystem.serving.refusals import Refused, refusal_of
from mlsystem.serving.strict_json import check_json

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ROUTES = ("/predict", "/model", "/metrics", "/livez", "/readyz", "/healthz", "/docs.json", "/")
RETRY_AFTER_SECONDS = b"1"
BODY_SECONDS = 5.0  # a body of the largest size takes 1 s at 8 Mbit/s


class Guard:
    """ASGI middleware, one per worker. `max_in_flight` bounds the queue: what waits longer than a caller is wasted."""

    def __init__(
        self, app: Any, metrics: Callable[[], ServingMetrics], max_body_bytes: int, max_in_flight: int
    ) -> None:
        self.app = app
        self.metrics = metrics()
        self.max_body_bytes = max_body_bytes
        self.max_in_flight = max_in_flight
        self.in_flight = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer, started = _Answer(send), perf_counter()
        self.in_flight += 1
        try:
            await self._admitted(scope, receive, answer)
        except Refused as refused:
            await answer.refuse(refused.status, {"error": str(refused)})
        except _Gone:
            return
        finally:
            self.in_flight -= 1
        self._count(scope["path"], answer.status, perf_counter() - started)

    async def _admitted(self, scope: Message, receive: Receive, answer: "_Answer") -> None:
        if scope["path"] == "/predict" and scope["method"] == "POST":
            if self.in_flight > self.max_in_flight:
                raise Refused(429, "more requests have come than can be answered in time; try again in a second")
            receive = await self._body(dict(scope["headers"]), receive)
        await self.app(scope, receive, answer)
        await answer.finish()

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> Receive:
        """The whole body, checked, to be received again by the application. Raises Refused."""
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != b"application/json":
            found = kind.decode("latin-1")[:60] or "none"
            raise Refused(415, f"the content type must be application/json, found {found}")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:18]) > self.max_body_bytes:
            raise self._too_large()
        with self.metrics.stage("parse"):
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await self._read(receive)
            except TimeoutError:
                raise Refused(408, f"the body did not arrive within {BODY_SECONDS:g} seconds") from None
            check_json(body)
        return _replay(body, receive)

    async def _read(self, receive: Receive) -> bytes:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            body += message.get("body", b"")
            if len(body) > self.max_body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return body

    def _too_large(self) -> Refused:
        return Refused(413, f"the body may have {self.max_body_bytes:,} bytes at most; send fewer flights at a time")

    def _count(self, path: str, status: int, seconds: float) -> None:
        route = path if path in ROUTES else "other"
        self.metrics.requests.labels(route, status).inc()
        self.metrics.request_seconds.labels(route).observe(seconds)
        if 400 <= status < 500:
            self.metrics.rejected.labels(status).inc()


class _Gone(Exception):
    """The caller hung up."""


class _Answer:
    """Passes an answer through, and holds back a refusal to say it in the one form that all refusals have."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.status = 0
        self._held = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        if self.status < 400:
            await self.send(message)
        elif message["type"] == "http.response.body":
            self._held += message.get("body", b"")

    async def finish(self) -> None:
        if self.status >= 400:
            await self.refuse(self.status, refusal_of(self.status, self._held))

    async def refuse(self, status: int, content: dict[str, Any]) -> None:
        self.status = status
        body = json.dumps(content).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if status in (429, 503):
            headers.append((b"retry-after", RETRY_AFTER_SECONDS))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _replay(body: bytes, receive: Receive) -> Receive:
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return unread.pop() if unread else await receive()

    return again


class ExpectedRefusals(logging.Filter):
    """Drops BentoML's error record, with traceback and input values, for each question that was refused."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], ValidationError))
