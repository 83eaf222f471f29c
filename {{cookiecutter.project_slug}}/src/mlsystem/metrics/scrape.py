"""What /metrics answers: all workers' counts added up, whichever worker is asked, and what is computed from the sums.

PSI does not add up, so no worker can count it: it is made of the summed bins, at the scrape.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from mlsystem.metrics.serving import BINS, MODEL, TAKEN_UP, ServingMetrics

Bins = dict[tuple[str, int], float]  # (feature, bin) -> predictions
Checked = tuple[float, Mapping[str, tuple[float, float]]] | None  # when the monitor looked; check -> value and limit
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


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
            if family.name in (BINS, MODEL):  # other models' bins have other edges, and they answer no more
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
