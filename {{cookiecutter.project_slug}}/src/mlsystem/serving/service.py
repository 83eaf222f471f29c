"""The service that BentoML makes of a class; `application` is what `serving/server.py` has uvicorn run.

This is where a worker begins, so unlike other modules it reads the settings when it is imported: BentoML wants the
limits of a question in the class.
"""

import asyncio
import json
import logging
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import bentoml
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from mlsystem.domain import PROBLEM
from mlsystem.metrics.scrape import CONTENT_TYPE, Scrape
from mlsystem.metrics.serving import ServingMetrics
from mlsystem.serving import monitor_findings
from mlsystem.serving.champion_watcher import ChampionWatcher
from mlsystem.serving.drift_window import DriftWindow
from mlsystem.serving.guards import ExpectedRefusals, Guard
from mlsystem.serving.run import metrics_dir
from mlsystem.serving.schema import PredictRequest, PredictResponse, limited_request
from mlsystem.serving.shared_counts import is_reserved
from mlsystem.settings import load_project, load_settings

SETTINGS = load_settings()
TIMEOUT_SECONDS = 15  # BentoML's backstop; it keeps a timer per request for as long, so it must be short
MAX_PENDING = 24  # per worker: so many requests of the largest size, 0.5 s each, are answered within the timeout
CHUNK = 50  # questions answered at a stretch; between two, other questions and health checks get their turn
INDEX = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{load_project().name}</title>
<h1>{PROBLEM.words.title}</h1>
<p>POST a question to <code>/predict</code>; <code>make smoke</code> prints one to copy.</p>
<ul><li><a href="/model">which model answers</a><li><a href="/docs.json">the API (OpenAPI)</a>
<li><a href="/metrics">what is counted (Prometheus)</a><li><a href="/readyz">is it ready?</a></ul></html>
"""

if TYPE_CHECKING:
    Asked = PredictRequest
else:
    Asked = limited_request(SETTINGS.max_questions_per_request)


@lru_cache
def serving_metrics() -> ServingMetrics:
    """One per process: the guard and the service count in the same."""
    return ServingMetrics()


WINDOW = DriftWindow(metrics_dir(SETTINGS))


@lru_cache
def scrape() -> Scrape:
    """Of all workers, whether or not this one has a model."""
    counts = metrics_dir(SETTINGS) if is_reserved(metrics_dir(SETTINGS)) else None
    return Scrape(
        serving_metrics(), counts, WINDOW, lambda: monitor_findings.read(SETTINGS.predictions_dir, time.time())
    )


@bentoml.service(
    name="predictions",
    workers=SETTINGS.workers,
    traffic={"timeout": TIMEOUT_SECONDS},
    metrics={"enabled": False},  # it makes a series of every path that a caller invents; /metrics below is ours
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": "/"},  # any: its middleware takes 8 % of a request, also when tracing is off
)
class Predictions:
    """The probability that the label is true, and whether to act on it."""

    def __init__(self) -> None:
        logging.getLogger("bentoml._internal.server.http_app").addFilter(ExpectedRefusals())
        self.turn = asyncio.Lock()  # first come, first served
        self.watcher = ChampionWatcher(SETTINGS, serving_metrics(), WINDOW)
        self.watcher.watch()

    @bentoml.api(route="/predict")
    async def predict(self, request: Asked, /) -> PredictResponse:
        """Answer each question, in order."""
        loaded = self.watcher.loaded  # read once: a swap may come between two chunks
        if loaded is None:
            return JSONResponse({"error": self.watcher.problem}, status_code=503)  # type: ignore[return-value]
        questions, answers = [one.to_question() for one in request.questions], []
        for start in range(0, len(questions), CHUNK):
            async with self.turn:
                await asyncio.sleep(0)  # whoever came meanwhile is read now,
                await asyncio.sleep(0)  # and now waits, or is refused: not only after all who wait were answered
                answers += loaded.predictor.answer(questions[start : start + CHUNK])
        # Not the model itself: BentoML would check it again and write it to the socket in two pieces.
        content = PredictResponse.model_construct(predictions=answers).model_dump_json()
        return Response(content, media_type="application/json")  # type: ignore[return-value]

    async def __is_ready__(self) -> bool:
        """Without a model nothing is answered; without features or log all is, so GET /model and the metrics say it."""
        if self.watcher.loaded is None:
            raise HTTPException(503, json.dumps({"error": self.watcher.problem}))  # the guard passes no plain text on
        return True

    def __is_alive__(self) -> bool:
        return True  # a process that answers lives; what it lacks is readiness, and a restart would not bring it

    @bentoml.on_shutdown
    def close(self) -> None:
        self.watcher.close()


async def model(_: Request) -> Response:
    """GET /model: which champion answers, on what terms, and what this worker goes without."""
    service: Predictions = bentoml.get_current_service()
    about = service.watcher.about()
    return JSONResponse(about, status_code=503 if "error" in about else 200)


def metrics(_: Request) -> Response:
    """GET /metrics: all workers' numbers. Not async, so that adding them up does not stop the answers."""
    return Response(scrape().text(), media_type=CONTENT_TYPE)


def index(_: Request) -> Response:
    """GET /: BentoML's own page there loads scripts from the internet."""
    return HTMLResponse(INDEX)


def application() -> Any:
    """The whole service as one ASGI application; once per process."""
    service: Any = Predictions  # what the decorator made of the class
    pages = {"/": index, "/model": model, "/metrics": metrics}
    service.mount_asgi_app(Starlette(routes=[Route(path, page) for path, page in pages.items()]))
    service.add_asgi_middleware(
        Guard, metrics=serving_metrics, max_body_bytes=SETTINGS.max_body_bytes, max_pending=MAX_PENDING
    )
    return service.to_asgi()
