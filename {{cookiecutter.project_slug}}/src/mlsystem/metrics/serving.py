"""What a worker of the service counts.

Correct for many worker processes: each adds to files of its own in PROMETHEUS_MULTIPROC_DIR, which a scrape adds up
(scrape.py).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mlsystem.drift import Reference

STAGES = ("parse", "features", "predict", "explain", "log")
SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
AGES = (60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 259_200.0)
BINS = "model_input_bin"  # the client adds _total
MODEL = "model_info"
TAKEN_UP = "model_taken_up_timestamp_seconds"
SCORE = "score"


class ServingMetrics:
    """What one worker process counts. Make one per process, after PROMETHEUS_MULTIPROC_DIR is set.

    Every label has a bounded set of values: nothing that a caller writes becomes one.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()

        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(name, meaning, labels, registry=registry)

        def histogram(name: str, meaning: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(name, meaning, labels, buckets=buckets, registry=registry)

        self.requests = counter("http_requests", "Requests answered.", "route", "status")
        self.request_seconds = histogram(
            "http_request_duration_seconds", "From the first byte read to the last written.", SECONDS, "route"
        )
        self.rejected = counter("rejected_requests", "Requests refused, by HTTP status.", "status")
        stages = histogram("prediction_stage_duration_seconds", "Time per stage of a request.", SECONDS, "stage")
        self._stages = {stage: stages.labels(stage) for stage in STAGES}
        self.predictions = counter("predictions", "Questions answered, by decision.", "decision")
        self.degraded = counter(
            "degraded_predictions", "Questions answered without an expected view.", "view", "reason"
        )
        self.without_source = counter(
            "silent_source_predictions", "Questions answered without what a silent source table makes.", "table"
        )
        self.fallbacks = counter("fallback_predictions", "Questions answered by climatology: no stored feature known.")
        self.feature_age = histogram("feature_age_seconds", "Age of a view's row when used.", AGES, "view")
        self.store_failures = counter(
            "feature_store_failures", "Lookups answered without the store: it failed, or was not asked."
        )
        self.breaker_opened = counter("feature_store_breaker_opened", "Times that the store was no longer asked.")
        self.shadow_predictions = counter("shadow_predictions", "Questions that the challenger scored as well.")
        self.shadow_failures = counter("shadow_failures", "Questions that the challenger should have scored.")
        self.log_failures = counter("prediction_log_failures", "Predictions answered and not logged.")
        self._bins = counter(
            BINS, "Predictions by bin of each model input and of the score.", "version", "feature", "bin"
        )
        self._model = Gauge(
            MODEL,
            "1 for the champion that answers.",
            ("name", "version"),
            multiprocess_mode="mostrecent",
            registry=registry,
        )
        self._taken_up = Gauge(
            TAKEN_UP,
            "When a worker last took up a model; the newest is the one that answers.",
            ("version",),
            multiprocess_mode="max",
            registry=registry,
        )
        self.swaps = counter("model_swaps", "New champions met while running, by what became of them.", "result")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        started = perf_counter()
        yield
        self._stages[name].observe(perf_counter() - started)

    def use_model(
        self, name: str, version: str, references: Mapping[str, Reference], columns: Sequence[str]
    ) -> "ModelBins":
        """Say which model answers; what counts its inputs and scores."""
        self._model.labels(name, version).set(1)
        self._taken_up.labels(version).set(time.time())
        return ModelBins(self._bins, version, references, columns)


class BinCounters(dict[int, Counter]):
    """The counters of one feature's bins. Each is looked up the first time that it is met: each time would cost four
    times more, and all 600 of a model at once would hold up the answers while it is taken up.
    """

    def __init__(self, counter: Counter, version: str, feature: str) -> None:
        super().__init__()
        self._counter = counter
        self._labels = version, feature

    def __missing__(self, bin_index: int) -> Counter:
        self[bin_index] = self._counter.labels(*self._labels, bin_index)
        return self[bin_index]


class ModelBins:
    """One model's inputs and scores by bin."""

    def __init__(
        self, counter: Counter, version: str, references: Mapping[str, Reference], columns: Sequence[str]
    ) -> None:
        positions = {column: position for position, column in enumerate((*columns, SCORE))}
        self._binned = [
            (reference, positions[name], BinCounters(counter, version, name)) for name, reference in references.items()
        ]

    def add(self, matrix: np.ndarray, scores: np.ndarray) -> None:
        """Add n model rows (n, columns) and their scores (n) to the bins that PSI is computed from."""
        rows = np.column_stack([matrix, scores])
        if len(rows) == 1:
            values = rows[0].tolist()
            for reference, position, counters in self._binned:
                counters[reference.bin_index(values[position])].inc()
            return
        for reference, position, counters in self._binned:
            for index, count in enumerate(reference.count(rows[:, position]).tolist()):
                if count:
                    counters[index].inc(count)
