"""PROMETHEUS room: every counter, gauge and histogram, with its unit and help.

Correct for many worker processes: each adds to files of its own in PROMETHEUS_MULTIPROC_DIR, and a scrape, whichever
worker answers it, adds them up. What does not add up (PSI) is computed from the sums, at the scrape.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter
from types import MappingProxyType

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from mlsystem.drift import Reference

STAGES = ("parse", "features", "predict", "explain", "log")
SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
AGES = (60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 259_200.0)
OUTCOMES = ("applied", "late", "too_late", "duplicate", "dead")  # of a fact that arrived
BINS = "model_input_bin"  # the client adds _total
TAKEN_UP = "model_taken_up_timestamp_seconds"
SCORE = "score"
Bins = dict[tuple[str, int], float]  # (feature, bin) -> predictions
Checked = tuple[float, Mapping[str, tuple[float, float]]] | None  # when the monitor looked; check -> value and limit
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


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
        self.predictions = counter("predictions", "Flights answered, by decision.", "decision")
        self.degraded = counter("degraded_predictions", "Flights answered without an expected view.", "view", "reason")
        self.without_source = counter(
            "silent_source_predictions", "Flights answered without what a silent source table makes.", "table"
        )
        self.fallbacks = counter("fallback_predictions", "Flights answered by climatology: no stored feature known.")
        self.feature_age = histogram("feature_age_seconds", "Age of a view's row when used.", AGES, "view")
        self.store_failures = counter(
            "feature_store_failures", "Lookups answered without the store: it failed, or was not asked."
        )
        self.breaker_opened = counter("feature_store_breaker_opened", "Times that the store was no longer asked.")
        self.shadow_predictions = counter("shadow_predictions", "Flights that the challenger scored as well.")
        self.shadow_failures = counter("shadow_failures", "Flights that the challenger should have scored.")
        self.log_failures = counter("prediction_log_failures", "Predictions answered and not logged.")
        self._bins = counter(
            BINS, "Predictions by bin of each model input and of the score.", "version", "feature", "bin"
        )
        self._model = Gauge(
            "model_info",
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


class Scrape:
    """All workers' metrics added up, and what is computed from the sums: what /metrics answers."""

    def __init__(
        self,
        own: ServingMetrics,
        folder: Path | None,
        drift: Callable[[str, Bins], tuple[int, dict[str, float]]],
        checked: Callable[[], Checked] = lambda: None,
    ) -> None:
        """`folder` is where all workers count; without one, `own` is told alone: what this worker counts in memory.

        `drift` makes the number of recent predictions, and PSI by feature, of a version's bins since the start.

        `checked` says what the batch monitor last found; None if nothing is known of it.
        """
        self._own = own
        self._folder = folder
        self._drift = drift
        self._checked = checked

    def _counted(self) -> Iterable[Metric]:
        if self._folder is None:
            return self._own.registry.collect()
        return MultiProcessCollector(CollectorRegistry(), str(self._folder)).collect()  # type: ignore[no-untyped-call]

    def text(self) -> bytes:
        """The scrape in Prometheus's text format."""
        return generate_latest(self)  # it asks for nothing but collect()

    def collect(self) -> Iterator[Metric]:
        families = list(self._counted())
        version = _newest(families)
        bins: Bins = {}
        for family in families:
            if family.name.startswith("feast_"):
                continue  # Feast counts a few things of its own, per process id for ever
            if family.type == "histogram":
                family.samples.sort(key=_as_prometheus_writes)
            if family.name in (BINS, "model_info"):  # other models' bins have other edges, and they answer no more
                family.samples = [one for one in family.samples if one.labels["version"] == version]
            if family.name == BINS:
                bins = {
                    (one.labels["feature"], int(one.labels["bin"])): one.value
                    for one in family.samples
                    if one.name.endswith("_total")
                }
            yield family
        predictions, found = self._drift(version, bins)
        drift = GaugeMetricFamily("model_input_psi_ratio", "PSI of each input and score, recent.", labels=["feature"])
        for feature, value in found.items():
            drift.add_metric([feature], value)
        yield drift
        yield GaugeMetricFamily("drift_window_predictions", "Predictions that PSI is of.", value=predictions)
        yield from _monitor_gauges(self._checked())


def _newest(families: Sequence[Metric]) -> str:
    """The version that a worker took up last: in a swap two answer for a moment, and all scrapes tell the same."""
    taken_up = [one for family in families if family.name == TAKEN_UP for one in family.samples]
    return max(taken_up, key=lambda one: one.value).labels["version"] if taken_up else ""


class ConsumerMetrics:
    """What the consumer of the event log counts: one process, so it keeps its own numbers and answers scrapes itself.

    Plain numbers, not the client's counters: Feast's import may have made those of one name share a file.
    """

    def __init__(
        self,
        lag: Callable[[], tuple[int, float]] | None = None,
        dead_letters: Callable[[], int] | None = None,
        silent_from: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """`lag`, in records and in seconds, and `dead_letters` are asked at each scrape: a consumer that hangs could
        not tell. `silent_from`: by source table, from how many overdue facts on it counts as silent.
        """
        self._lag = lag
        self._dead_letters = dead_letters
        self._silent_from = silent_from
        self._events = dict.fromkeys(OUTCOMES, 0)
        self._rows: dict[str, int] = {}
        self._newest: dict[str, datetime] = {}
        self._overdue: dict[str, int] = {}
        self._clock: datetime | None = None

    def pushed(self, view: str, rows: int, newest: datetime) -> None:
        """Count the rows written of one view, the newest made at `newest`."""
        self._rows[view] = self._rows.get(view, 0) + rows
        self._newest[view] = newest

    def heard(self, overdue: Mapping[str, int]) -> None:
        """Keep how many facts of each source table are overdue."""
        self._overdue.update(overdue)

    def stepped(self, clock: datetime, outcomes: Mapping[str, int]) -> None:
        """Count what became of the facts of a step that ended at `clock`."""
        self._clock = clock
        for outcome, facts in outcomes.items():
            self._events[outcome] += facts

    def events(self, outcome: str) -> int:
        """How many facts had this outcome."""
        return self._events[outcome]

    def collect(self) -> Iterator[Metric]:
        """What a scrape answers."""
        if self._lag is not None:
            records, seconds = self._lag()
            yield GaugeMetricFamily("consumer_lag_records", "Records of the event log not yet taken in.", records)
            yield GaugeMetricFamily("consumer_lag_seconds", "Event time from its clock to the log's.", seconds)
        if self._dead_letters is not None:
            yield GaugeMetricFamily("dead_letters", "Records refused, and not appended again.", self._dead_letters())
        events = CounterMetricFamily("consumed_events", "Facts by what became of them.", labels=["outcome"])
        rows = CounterMetricFamily("pushed_rows", "Rows written to the online store.", labels=["view"])
        age = GaugeMetricFamily("newest_row_age_seconds", "Event time since the newest row was made.", labels=["view"])
        overdue = GaugeMetricFamily("overdue_facts", "Facts due since the last one came.", labels=["table"])
        silent = GaugeMetricFamily("overdue_facts_limit", "From it on a table is silent.", labels=["table"])
        told = (
            (events, self._events),
            (rows, self._rows),
            (age, self._ages()),
            (overdue, self._overdue),
            (silent, self._silent_from),
        )
        for family, found in told:
            for label, value in list(found.items()):
                family.add_metric([label], value)
            yield family

    def serve(self, host: str, port: int) -> None:
        """Answer scrapes in a thread of its own, as long as the process lives."""
        registry = CollectorRegistry()
        registry.register(self)
        start_http_server(port, host, registry)

    def _ages(self) -> dict[str, float]:
        if self._clock is None:
            return {}
        return {view: (self._clock - newest).total_seconds() for view, newest in list(self._newest.items())}


def _monitor_gauges(checked: Checked) -> Iterator[Metric]:
    """What the monitor found, with the moment: that it stopped is an alarm too."""
    if checked is None:
        return
    values = GaugeMetricFamily("monitor_check_value", "What the batch monitor measured.", labels=["check"])
    limits = GaugeMetricFamily("monitor_check_limit", "Above it the check is breached.", labels=["check"])
    for name, (value, limit) in checked[1].items():
        values.add_metric([name], value)
        limits.add_metric([name], limit)
    yield values
    yield limits
    yield GaugeMetricFamily("monitor_checked_timestamp_seconds", "When the batch monitor looked.", value=checked[0])


def _as_prometheus_writes(sample: object) -> tuple:
    """Buckets in order, then count, then sum, per set of labels; the collector gives sum and count first."""
    name, labels = sample.name, sample.labels  # type: ignore[attr-defined]
    others = tuple(sorted((key, value) for key, value in labels.items() if key != "le"))
    rank = 0 if name.endswith("_bucket") else 1 if name.endswith("_count") else 2
    return (others, rank, float(labels.get("le", 0)))
