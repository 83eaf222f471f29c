"""From questions to answers: look up, predict, explain, decide, log. Knows nothing of HTTP or BentoML."""

import logging
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from mlsystem.contract.problem import OVERDUE
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import Stored
from mlsystem.metrics.serving import ServingMetrics
from mlsystem.model_registry.champion import Champion
from mlsystem.serving.breaker import Breaker
from mlsystem.serving.log_writer import NotTried, PredictionLog
from mlsystem.serving.prediction_log import record
from mlsystem.serving.schema import Answer, Reason
from mlsystem.serving.shadow import Shadow

logger = logging.getLogger("bentoml.mlsystem")  # BentoML shows what is below "bentoml", with time and worker

TTL_HOURS = {view.name: view.ttl.total_seconds() / 3600 for view in PROBLEM.views}
EXPECTED = {view.name for view in PROBLEM.views if view.is_expected}
REASONS = 3
WITHOUT_STORE = "no stored feature is known, so the probability is that of the baseline alone"


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

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """One answer per question, in order. What the store does not know is missing; it never raises for one."""
        stage = self.metrics.stage
        with stage("features"):
            stored = self.features.lookup(questions)
            matrix = np.array(
                [PROBLEM.model_row(*one) for one in zip(questions, (s.values for s in stored), strict=True)]
            )
        is_known = np.array([bool(one.age_seconds) for one in stored])
        with stage("predict"):
            probabilities = self._probabilities(matrix, is_known)
        with stage("explain"):
            reasons = self.champion.reasons(matrix, top=REASONS)
        rows = zip(questions, stored, matrix, probabilities.tolist(), reasons, strict=True)
        answers = [self._answer(*row) for row in rows]
        with stage("log"):
            self._log(questions, stored, matrix, answers)
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
        self, question: Question, stored: Stored, row: np.ndarray, probability: float, parts: list[tuple[str, float]]
    ) -> Answer:
        decision = PROBLEM.words.act if probability > self.champion.act_above else PROBLEM.words.hold
        return Answer.model_construct(
            prediction_id=uuid.uuid4().hex,
            question_id=question.id,
            as_of=question.as_of,
            probability=probability,
            decision=decision,
            reasons=[self._reason(name, part, row) for name, part in parts] if stored.age_seconds else [],
            model_version=self.champion.version,
            feature_ages_seconds=dict(stored.age_seconds),
            degraded=stored.is_degraded,
            degraded_because=degradation_reasons(stored),
        )

    def _reason(self, name: str, part: float, row: np.ndarray) -> Reason:
        feature = PROBLEM.model_feature[name]
        number = float(row[self.champion.columns.index(name)])
        value = None if math.isnan(number) else feature.categories[int(number)] if feature.categories else number
        return Reason.model_construct(
            feature=name, meaning=feature.meaning, unit=feature.unit, value=value, contribution=part
        )

    def _log(
        self, questions: Sequence[Question], stored: Sequence[Stored], matrix: np.ndarray, answers: Sequence[Answer]
    ) -> None:
        """A prediction that cannot be logged is still an answer: the failure is counted, and GET /model tells it."""
        now, rows = datetime.now(UTC), zip(questions, stored, matrix.tolist(), answers, strict=True)
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


def degradation_reasons(stored: Stored) -> list[str]:
    """What an answer goes without: a view that every question should have, or what is made from a silent table."""
    stale = [f"{view} is older than {TTL_HOURS[view]:g} h" for view in stored.stale if view in EXPECTED]
    missing = [f"{view} is missing" for view in stored.missing if view in EXPECTED]
    silent = [f"{table} are silent: {stored.values[OVERDUE + table]} overdue" for table in stored.silent]
    return stale + missing + silent + ([] if stored.age_seconds else [WITHOUT_STORE])
