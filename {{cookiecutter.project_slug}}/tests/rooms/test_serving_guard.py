"""The guard before any application: a refusal that is only for now says when to come again."""

import asyncio
import logging

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mlsystem.metrics.serving import ServingMetrics
from mlsystem.serving.guards import Guard


def reply_of(status: int, most_pending: int) -> httpx.Response:
    """What a caller gets from an application that answers every question with this status."""

    def answer(_: Request) -> JSONResponse:
        return JSONResponse({"error": "so it is"}, status)

    app = Starlette(routes=[Route("/predict", answer, methods=["POST"])])
    metrics = ServingMetrics()
    guarded = Guard(app, lambda: metrics, max_body_bytes=1_000, max_pending=most_pending)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://guarded") as client:
            return await client.post("/predict", json={"questions": []})

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("status", "most_pending", "expected"), [(200, 0, (429, "1")), (503, 9, (503, "1")), (400, 9, (400, None))]
)
def test_who_is_refused_for_now_is_told_when_to_come_again_and_nobody_else(status, most_pending, expected):
    reply = reply_of(status, most_pending)

    assert (reply.status_code, reply.headers.get("retry-after")) == expected
    assert reply.json()["error"]


@pytest.mark.parametrize("path", ["/predict", "/model", "/metrics", "/readyz", "/"])
def test_an_exception_behind_any_page_is_answered_at_once_counted_and_told_to_the_log_alone(path: str, caplog):
    def broken(_: Request) -> JSONResponse:
        raise TimeoutError("secret")  # the guard's own give-ups must not hide it

    app = Starlette(routes=[Route(path, broken, methods=["GET", "POST"])])
    metrics = ServingMetrics()
    guarded = Guard(app, lambda: metrics, max_body_bytes=1_000, max_pending=9)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://guarded") as client:
            if path == "/predict":
                return await client.post(path, json={"questions": []})
            return await client.get(path)

    logging.getLogger("bentoml").propagate = True
    reply = asyncio.run(asyncio.wait_for(ask(), 5))

    assert reply.status_code == 500
    assert "secret" not in reply.text
    counted = metrics.registry.get_sample_value("http_requests_total", {"route": path, "status": "500"})
    assert counted == 1
    assert any(record.exc_info for record in caplog.records)
