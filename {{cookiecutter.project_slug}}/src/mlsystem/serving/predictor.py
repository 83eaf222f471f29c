"""From flights to answers: look up, predict, explain, decide, log. Knows nothing of HTTP or BentoML."""

import logging
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from mlsystem.domain.features import MODEL_FEATURES, VIEWS
from mlsystem.domain.request import model_row
from mlsystem.feature_store.online import Stored
from mlsystem.metrics.serving import ServingMetrics
from mlsystem.model_registry.champion import Champion
from mlsystem.serving.asked import AskedFlight
from mlsystem.serving.breaker import Breaker
from mlsystem.serving.log_writer import NotTried, PredictionLog
from mlsystem.serving.prediction_log import record
from mlsystem.serving.schema import Answer, Decision, Reason
from mlsystem.serving.shadow import Shadow

logger = logging.getLogger("bentoml.mlsystem")  # BentoML shows what is below "bentoml", with time and worker

FEATURE = {feature.name: feature for feature in MODEL_FEATURES}
TTL_HOURS = {view.name: view.ttl.total_seconds() / 3600 for view in VIEWS}
EXPECTED = {view.name for view in VIEWS if view.is_expected}
REASONS = 3
WITHOUT_STORE = "no stored feature is known, so the probability is that of carrier, origin and hour alone"


@dataclass
class Predictor:
    """One champion, with everything that a worker needs to answer. A swap makes another one: no answer mixes two."""

    champion: Champion
    features: Breaker
    log: PredictionLog
    metrics: ServingMetrics
    shadow: Shadow | None = None

    def __post_init__(self) -> None:
        champion = self.champion
        self._bins = self.metrics.use_model(champion.name, champion.version, champion.references, champion.columns)

    def answer(self, flights: Sequence[AskedFlight]) -> list[Answer]:
        """One answer per flight, in order. What the store does not know is missing; it never raises for a flight."""
        stage = self.metrics.stage
        with stage("features"):
            stored = self.features.lookup(flights)
            matrix = np.array([model_row(flight, one.values) for flight, one in zip(flights, stored, strict=True)])
        is_known = np.array([bool(one.age_seconds) for one in stored])
        with stage("predict"):
            probabilities = self._probabilities(matrix, is_known)
        with stage("explain"):
            reasons = self.champion.reasons(matrix, top=REASONS)
        rows = zip(flights, stored, matrix, probabilities.tolist(), reasons, strict=True)
        answers = [self._answer(*row) for row in rows]
        with stage("log"):
            self._log(flights, stored, matrix, answers)
        self._count(stored, answers)
        self._bins.add(matrix, probabilities)
        if self.shadow is not None:
            self.shadow.offer([answer.prediction_id for answer in answers], matrix)
        return answers

    def _probabilities(self, matrix: np.ndarray, is_known: np.ndarray) -> np.ndarray:
        """The champion's, but the climatology's where the store knew nothing: no training row was so empty."""
        if is_known.all():
            return self.champion.predict(matrix)
        return np.where(is_known, self.champion.predict(matrix), self.champion.fallback(matrix))

    def _answer(
        self, flight: AskedFlight, stored: Stored, row: np.ndarray, probability: float, parts: list[tuple[str, float]]
    ) -> Answer:
        decision: Decision = "warn" if probability > self.champion.warn_above else "stay_silent"
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
            reasons=[self._reason(name, part, flight, row) for name, part in parts] if stored.age_seconds else [],
            model_version=self.champion.version,
            feature_ages_seconds=dict(stored.age_seconds),
            degraded=stored.is_degraded,
            degraded_because=because(stored),
        )

    def _reason(self, name: str, part: float, flight: AskedFlight, row: np.ndarray) -> Reason:
        feature = FEATURE[name]
        number = float(row[self.champion.columns.index(name)])
        value = getattr(flight, name) if feature.type == "category" else None if math.isnan(number) else number
        return Reason.model_construct(
            feature=name, meaning=feature.meaning, unit=feature.unit, value=value, contribution=part
        )

    def _log(
        self, flights: Sequence[AskedFlight], stored: Sequence[Stored], matrix: np.ndarray, answers: Sequence[Answer]
    ) -> None:
        """A prediction that cannot be logged is still an answer: the failure is counted, and GET /model tells it."""
        now, rows = datetime.now(UTC), zip(flights, stored, matrix.tolist(), answers, strict=True)
        try:
            self.log.append([record(self.champion, now, *row) for row in rows])
        except OSError as problem:
            self.metrics.log_failures.inc(len(answers))
            if not isinstance(problem, NotTried):  # a line for each answer would fill what is left of the disk
                logger.error("predictions are not logged: %s", problem)

    def _count(self, stored: Sequence[Stored], answers: Sequence[Answer]) -> None:
        metrics = self.metrics
        for one, answer in zip(stored, answers, strict=True):
            metrics.predictions.labels(answer.decision).inc()
            if not one.age_seconds:
                metrics.fallbacks.inc()
            for view, age in one.age_seconds.items():
                metrics.feature_age.labels(view).observe(age)
            for view in EXPECTED.intersection(one.stale):
                metrics.degraded.labels(view, "stale").inc()
            for view in EXPECTED.intersection(one.missing):
                metrics.degraded.labels(view, "missing").inc()
            for table in one.silent:
                metrics.without_source.labels(table).inc()


def because(stored: Stored) -> list[str]:
    """What an answer goes without: a view that every flight should have, or what is made from a silent table."""
    stale = [f"{view} is older than {TTL_HOURS[view]:g} h" for view in stored.stale if view in EXPECTED]
    missing = [f"{view} is missing" for view in stored.missing if view in EXPECTED]
    silent = [f"{table} are silent: {stored.values[f'overdue_{table}']} overdue" for table in stored.silent]
    return stale + missing + silent + ([] if stored.age_seconds else [WITHOUT_STORE])
