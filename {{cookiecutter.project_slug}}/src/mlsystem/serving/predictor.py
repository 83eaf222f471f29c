"""From flights to answers: look up, predict, explain, decide, log. Knows nothing of HTTP or BentoML."""

import logging
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np

from mlsystem.domain.features import MODEL_FEATURES, STORED_FEATURES, VIEWS
from mlsystem.domain.request import MODEL_COLUMNS, model_row
from mlsystem.feature_store.online import OnlineFeatures, Stored
from mlsystem.metrics import ServingMetrics
from mlsystem.model_registry.registry import Champion
from mlsystem.serving.asked import AskedFlight
from mlsystem.serving.prediction_log import PredictionLog
from mlsystem.serving.schema import Answer, Reason

logger = logging.getLogger("bentoml.mlsystem")  # BentoML shows what is below "bentoml", with time and worker

FEATURE = {feature.name: feature for feature in MODEL_FEATURES}
TTL = {view.name: view.ttl for view in VIEWS}
EXPECTED = {view.name for view in VIEWS if view.is_expected}
NOTHING_STORED = Stored(
    dict.fromkeys(feature.name for feature in STORED_FEATURES), {}, missing=tuple(view.name for view in VIEWS)
)
REASONS = 3


class ModelMismatch(RuntimeError):
    """The champion wants columns that this code does not make."""


@dataclass
class Predictor:
    """Everything that a worker needs to answer, loaded once."""

    champion: Champion
    features: OnlineFeatures
    log: PredictionLog
    metrics: ServingMetrics
    positions: list[int] = field(init=False)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.champion.columns) - set(MODEL_COLUMNS))
        if unknown:
            raise ModelMismatch(
                f"{self.champion.name} {self.champion.version} wants {', '.join(unknown)}, which is not declared in "
                f"domain/features.py; run `make train`"
            )
        self.positions = [MODEL_COLUMNS.index(column) for column in self.champion.columns]
        self.metrics.use_model(
            self.champion.name, self.champion.version, self.champion.references, self.champion.columns
        )

    def answer(self, flights: Sequence[AskedFlight]) -> list[Answer]:
        """One answer per flight, in order. What the store does not know is missing; it never raises for a flight."""
        stage = self.metrics.stage
        with stage("features"):
            stored = self._lookup(flights)
            matrix = np.array([model_row(flight, one.values) for flight, one in zip(flights, stored, strict=True)])
            matrix = matrix[:, self.positions]
        with stage("predict"):
            probabilities = self.champion.predict(matrix)
        with stage("explain"):
            reasons = self.champion.reasons(matrix, top=REASONS)
        answers = [
            self._answer(*one) for one in zip(flights, stored, matrix, probabilities.tolist(), reasons, strict=True)
        ]
        with stage("log"):
            self._log(flights, stored, matrix, answers)
        self._count(stored, matrix, probabilities, answers)
        return answers

    def _lookup(self, flights: Sequence[AskedFlight]) -> list[Stored]:
        try:
            return self.features.lookup(flights, [flight.as_of for flight in flights])
        except Exception as problem:  # whatever store is set and however it fails, the caller gets a degraded answer
            self.metrics.store_failures.inc()
            logger.error("the feature store failed, answering without it: %s: %s", type(problem).__name__, problem)
            return [NOTHING_STORED] * len(flights)

    def _answer(
        self,
        flight: AskedFlight,
        stored: Stored,
        row: np.ndarray,
        probability: float,
        reasons: Sequence[tuple[str, float]],
    ) -> Answer:
        decision: Literal["warn", "stay_silent"] = "warn" if probability > self.champion.warn_above else "stay_silent"
        return Answer.model_construct(
            prediction_id=uuid.uuid4().hex,
            carrier=flight.carrier,
            flight_number=flight.flight_number,
            origin=flight.origin,
            destination=flight.destination,
            scheduled_departure_at=flight.scheduled_departure_at,
            as_of=flight.as_of,
            probability=probability,
            decision=decision,
            reasons=[self._reason(name, part, flight, row) for name, part in reasons],
            model_version=self.champion.version,
            feature_ages_seconds=dict(stored.age_seconds),
            degraded=stored.is_degraded,
            degraded_because=[*because(stored)],
        )

    def _reason(self, name: str, part: float, flight: AskedFlight, row: np.ndarray) -> Reason:
        feature = FEATURE[name]
        value: float | str | None = float(row[self.champion.columns.index(name)])
        if feature.type == "category":
            value = getattr(flight, name)
        elif math.isnan(float(value or 0)):
            value = None
        return Reason.model_construct(
            feature=name, meaning=feature.meaning, unit=feature.unit, value=value, contribution=part
        )

    def _log(
        self, flights: Sequence[AskedFlight], stored: Sequence[Stored], matrix: np.ndarray, answers: Sequence[Answer]
    ) -> None:
        """A prediction that cannot be logged is still an answer: the failure is counted, and readiness tells it."""
        logged_at = datetime.now(UTC)
        rows = zip(flights, stored, matrix.tolist(), answers, strict=True)
        try:
            self.log.append([self._record(logged_at, *one) for one in rows])
        except OSError as problem:
            self.metrics.log_failures.inc(len(answers))
            logger.error("%d predictions were not logged: %s", len(answers), problem)

    def _record(
        self, logged_at: datetime, flight: AskedFlight, stored: Stored, row: list[float], answer: Answer
    ) -> dict[str, Any]:
        return {
            "prediction_id": answer.prediction_id,
            "logged_at": logged_at,
            "as_of": flight.as_of,
            "carrier": flight.carrier,
            "flight_number": flight.flight_number,
            "origin": flight.origin,
            "destination": flight.destination,
            "tail_number": flight.tail_number,
            "scheduled_departure_at": flight.scheduled_departure_at,
            "scheduled_arrival_at": flight.scheduled_arrival_at,
            "stored": dict(stored.values),
            "model_row": {
                name: None if math.isnan(value) else value
                for name, value in zip(self.champion.columns, row, strict=True)
            },
            "feature_ages_seconds": dict(stored.age_seconds),
            "probability": answer.probability,
            "decision": answer.decision,
            "model_name": self.champion.name,
            "model_version": self.champion.version,
            "degraded": answer.degraded,
            "degraded_because": answer.degraded_because,
        }

    def _count(
        self, stored: Sequence[Stored], matrix: np.ndarray, probabilities: np.ndarray, answers: Sequence[Answer]
    ) -> None:
        metrics = self.metrics
        for one, answer in zip(stored, answers, strict=True):
            metrics.predictions.labels(answer.decision).inc()
            for view, age in one.age_seconds.items():
                metrics.feature_age.labels(view).observe(age)
            for view in EXPECTED.intersection(one.stale):
                metrics.degraded.labels(view, "stale").inc()
            for view in EXPECTED.intersection(one.missing):
                metrics.degraded.labels(view, "missing").inc()
        metrics.count_bins(matrix, probabilities)


def because(stored: Stored) -> list[str]:
    """What an answer goes without, of the views that every flight should have."""
    stale = [f"{view} is older than {_hours(TTL[view])} h" for view in stored.stale if view in EXPECTED]
    return stale + [f"{view} is missing" for view in stored.missing if view in EXPECTED]


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g}"
