"""PROMETHEUS room: every counter, gauge and histogram, with its unit and help.

Correct for many worker processes: each adds to files of its own in PROMETHEUS_MULTIPROC_DIR, and a scrape, whichever
worker answers it, adds them up. What does not add up (PSI) is computed from the sums, at the scrape.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from mlsystem.drift import Reference

STAGES = ("parse", "features", "predict", "explain", "log")
SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
AGES = (60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 259_200.0)
BINS = "model_input_bin"  # the client adds _total
SCORE = "score"
Bins = dict[tuple[str, int], float]  # (feature, bin) -> predictions
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class ServingMetrics:
    """What one worker process counts. Make one per process, after PROMETHEUS_MULTIPROC_DIR is set.

    Every label has a bounded set of values: nothing that a caller writes becomes one.
    """

    def __init__(self) -> None:
        registry = CollectorRegistry()

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
        self.predictions = counter("predictions", "Flights answered, by decision.", "decision")
        self.degraded = counter("degraded_predictions", "Flights answered without an expected view.", "view", "reason")
        self.fallbacks = counter("fallback_predictions", "Flights answered by climatology: no stored feature known.")
        self.feature_age = histogram("feature_age_seconds", "Age of a view's row when used.", AGES, "view")
        self.store_failures = counter("feature_store_failures", "Lookups that failed, answered without the store.")
        self.log_failures = counter("prediction_log_failures", "Predictions answered and not logged.")
        self._bins = counter(BINS, "Predictions by bin of each model input and of the score.", "feature", "bin")
        self._model = Gauge(
            "model_info",
            "1 for the champion that answers.",
            ("name", "version"),
            multiprocess_mode="mostrecent",
            registry=registry,
        )
        self._binned: list[tuple[Reference, int, list[Counter]]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        started = perf_counter()
        yield
        self._stages[name].observe(perf_counter() - started)

    def use_model(self, name: str, version: str, references: Mapping[str, Reference], columns: Sequence[str]) -> None:
        """Say which model answers, and bind its inputs' bins: looking labels up each time costs four times more."""
        self._model.labels(name, version).set(1)
        positions = {column: position for position, column in enumerate((*columns, SCORE))}
        self._binned = [
            (reference, positions[column], [self._bins.labels(column, index) for index in range(len(reference.counts))])
            for column, reference in references.items()
        ]

    def count_bins(self, matrix: np.ndarray, scores: np.ndarray) -> None:
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


class Scrape:
    """All workers' metrics added up, and what is computed from the sums: what /metrics answers."""

    def __init__(self, drift: Callable[[Bins], tuple[int, dict[str, float]]]) -> None:
        """`drift` makes the number of recent predictions, and PSI by feature, of the bins counted since the start."""
        self._drift = drift

    def text(self) -> bytes:
        """The scrape in Prometheus's text format."""
        return generate_latest(self)  # it asks for nothing but collect()

    def collect(self) -> Iterator[Metric]:
        merged = MultiProcessCollector(CollectorRegistry())  # type: ignore[no-untyped-call]
        bins: Bins = {}
        for family in merged.collect():  # type: ignore[no-untyped-call]
            if family.name.startswith("feast_"):
                continue  # Feast counts a few things of its own, per process id for ever
            if family.type == "histogram":
                family.samples.sort(key=_as_prometheus_writes)
            if family.name == BINS:
                bins = {(one.labels["feature"], int(one.labels["bin"])): one.value for one in family.samples}
            yield family
        predictions, found = self._drift(bins)
        drift = GaugeMetricFamily("model_input_psi_ratio", "PSI of each input and score, recent.", labels=["feature"])
        for feature, value in found.items():
            drift.add_metric([feature], value)
        yield drift
        yield GaugeMetricFamily("drift_window_predictions", "Predictions that PSI is of.", value=predictions)


def _as_prometheus_writes(sample: object) -> tuple:
    """Buckets in order, then count, then sum, per set of labels; the collector gives sum and count first."""
    name, labels = sample.name, sample.labels  # type: ignore[attr-defined]
    others = tuple(sorted((key, value) for key, value in labels.items() if key != "le"))
    rank = 0 if name.endswith("_bucket") else 1 if name.endswith("_count") else 2
    return (others, rank, float(labels.get("le", 0)))
