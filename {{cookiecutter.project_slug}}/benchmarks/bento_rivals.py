"""BentoML against itself: a service that does nothing, and ours in adaptive batches."""

import gc

import bentoml

from mlsystem.metrics.serving import ServingMetrics
from mlsystem.serving.loading import load
from mlsystem.serving.schema import Answer, QuestionRequest
from mlsystem.settings import load_settings

QUIET = {"traffic": {"timeout": 15}, "metrics": {"enabled": False}, "logging": {"access": {"enabled": False}}}


@bentoml.service(workers=1, **QUIET)
class Nothing:
    def __init__(self) -> None:
        gc.collect()
        gc.freeze()

    @bentoml.api(route="/predict")
    async def predict(self, question: dict, /) -> dict:
        return {}


@bentoml.service(workers=1, **QUIET)
class Batching:
    def __init__(self) -> None:
        self.predictor = load(load_settings(), ServingMetrics()).predictor
        gc.collect()
        gc.freeze()

    @bentoml.api(route="/predict", batchable=True, max_batch_size=64, max_latency_ms=100)
    async def predict(self, questions: list[QuestionRequest]) -> list[Answer]:
        return self.predictor.answer([question.to_question() for question in questions])
