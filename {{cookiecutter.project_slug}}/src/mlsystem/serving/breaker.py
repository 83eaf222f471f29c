"""A circuit breaker before the feature store: a store that is down or slow is left alone until it answers in time.

Lookups are made in line, and the store itself gives up when the budget is spent (decision 0015). Whoever met that pays
the budget once; then the breaker is open, answers are degraded at once, and a thread of its own asks the store again.
"""

import logging
import threading
import time
from collections.abc import Sequence
from time import perf_counter

from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.lookup_timeout import Bounded
from mlsystem.feature_store.online import OnlineFeatures, Stored
from mlsystem.feature_store.store_file import StoreFile
from mlsystem.metrics.serving import ServingMetrics

logger = logging.getLogger("bentoml.mlsystem")

NOTHING_STORED = Stored(
    dict.fromkeys(feature.name for feature in PROBLEM.stored_features),
    {},
    missing=tuple(view.name for view in PROBLEM.views),
)
MOST_ERRORS = 3  # in a row; one lost connection shall not cost a second of answers
PROBE_SECONDS = 1.0


class Breaker:
    """`lookup` never raises and never takes much longer than the budget. `problem` is why the store is not asked."""

    def __init__(
        self, features: OnlineFeatures, budget_seconds: float, metrics: ServingMetrics, probe: Question
    ) -> None:
        self.problem = ""
        self._features = features
        self._bounded = Bounded(features.store, budget_seconds)
        self._budget = budget_seconds
        self._metrics = metrics
        self._probe = probe
        self._errors = 0
        self._file = StoreFile(features.store)

    def lookup(self, questions: Sequence[Question]) -> list[Stored]:
        """What was known of each; nothing at all if the store fails or is not asked."""
        if not self.problem:
            started = perf_counter()
            try:
                found = self._ask(questions)
            except Exception as problem:  # whatever store is set and however it fails, the answer is a degraded one
                self._failed(f"{type(problem).__name__}: {problem}", perf_counter() - started)
            else:
                self._errors = 0
                return found
        self._metrics.store_failures.inc()
        return [NOTHING_STORED] * len(questions)

    def check(self) -> str:
        """Why the store cannot be read now; nothing if it can."""
        if not self.problem:
            try:
                self._ask([self._probe])
            except Exception as problem:  # as above
                return f"{type(problem).__name__}: {problem}"
        return self.problem

    def _ask(self, questions: Sequence[Question]) -> list[Stored]:
        if self._file.follow(self._bounded.reconnect):  # restored from a copy: the old file is read on, and grows old
            logger.info("the feature store's file was replaced, and opened anew")
        self._bounded.begin()
        return self._features.lookup(questions)

    def _failed(self, problem: str, seconds: float) -> None:
        self._errors += 1
        logger.error("the feature store failed after %.0f ms, answering without it: %s", seconds * 1000, problem)
        if seconds < self._budget * 0.9 and self._errors < MOST_ERRORS:
            return
        self.problem = problem
        self._metrics.breaker_opened.inc()
        logger.error("the feature store is not asked any more until it answers a probe")
        threading.Thread(target=self._probe_until_it_answers, name="feature store probe", daemon=True).start()

    def _probe_until_it_answers(self) -> None:
        """While the breaker is open only this thread uses the store."""
        while self.problem:
            time.sleep(PROBE_SECONDS)
            try:
                self._file.check()
                self._bounded.reconnect()
                self._ask([self._probe])
            except Exception as problem:  # as above
                self.problem = f"{type(problem).__name__}: {problem}"
            else:
                self._errors = 0
                self.problem = ""
                logger.info("the feature store answers again")
