"""Shadow scoring: the challenger predicts what the champion has answered, after the fact and out of the way.

Rows wait in a bounded queue and are scored in batches by the thread that watches the registry: an answer pays for an
append. What does not fit, or fails, is counted and forgotten. A kill loses the last second's scores, never an answer.
"""

import logging
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from mlsystem.metrics.serving import ServingMetrics
from mlsystem.model_registry.champion import Champion
from mlsystem.serving.log_writer import PredictionLog

logger = logging.getLogger("bentoml.mlsystem")

MOST_WAITING = 5_000  # rows; 2 MB, and some 10 s of one worker's answers
BATCH = 500


class Shadow:
    """One challenger. `offer` is for the thread that answers, `score` for another one."""

    def __init__(self, challenger: Champion, log: PredictionLog, metrics: ServingMetrics) -> None:
        self.challenger = challenger
        self._log = log
        self._metrics = metrics
        self._waiting: deque[tuple[str, np.ndarray]] = deque()

    def offer(self, prediction_ids: Sequence[str], matrix: np.ndarray) -> None:
        """Remember n answers and their model rows (n, F)."""
        if len(self._waiting) + len(prediction_ids) > MOST_WAITING:
            self._metrics.shadow_failures.inc(len(prediction_ids))
            return
        self._waiting.extend(zip(prediction_ids, matrix, strict=True))

    def score(self) -> None:
        """Score and log all that waits. Never raises."""
        while self._waiting:
            rows = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                found = self.challenger.predict(np.array([row for _, row in rows])).tolist()
                now, version = datetime.now(UTC), self.challenger.version
                self._log.append(
                    [
                        {"prediction_id": one, "logged_at": now, "shadow_version": version, "shadow_probability": value}
                        for (one, _), value in zip(rows, found, strict=True)
                    ]
                )
            except Exception as problem:  # a challenger may fail in any way; the champion's answers are given already
                self._metrics.shadow_failures.inc(len(rows))
                logger.error("%d shadow scores were lost: %s: %s", len(rows), type(problem).__name__, problem)
            else:
                self._metrics.shadow_predictions.inc(len(rows))

    def close(self) -> None:
        """No more is scored."""
        self._log.close()
