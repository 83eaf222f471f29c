"""Servers that the service is compared with, as ASGI: one that does nothing, and FastAPI doing all that ours does."""

import gc
import sys
from contextlib import asynccontextmanager
from typing import Any

from mlsystem.settings import configure_tools, load_settings


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """What the caller and the socket cost by themselves."""
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})


def same_work() -> Any:
    """The same schema, predictor, log and metrics; without the guard's checks of size, media type and doubled keys."""
    import fastapi

    from mlsystem.metrics.serving import ServingMetrics
    from mlsystem.serving.loading import load
    from mlsystem.serving.schema import PredictRequest, PredictResponse

    loaded: dict[str, Any] = {}

    @asynccontextmanager
    async def lifespan(_: Any) -> Any:
        loaded["predictor"] = load(load_settings(), ServingMetrics()).predictor
        gc.collect()
        gc.freeze()
        yield

    app = fastapi.FastAPI(lifespan=lifespan)

    @app.post("/predict", response_model=PredictResponse)
    async def predict(request: PredictRequest) -> Any:
        answers = loaded["predictor"].answer([question.to_question() for question in request.questions])
        return PredictResponse.model_construct(predictions=answers)

    @app.get("/readyz")
    def ready() -> str:
        return "ready"

    return app


if __name__ == "__main__":
    import uvicorn

    configure_tools(load_settings())
    app = nothing if sys.argv[1] == "nothing" else same_work()
    uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
