"""What the consumer of the event log counts, and the server that answers scrapes of it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

OUTCOMES = ("applied", "late", "too_late", "duplicate", "dead")  # of a fact that arrived


class ConsumerMetrics:
    """What the consumer of the event log counts: one process, so it keeps its own numbers and answers scrapes itself.

    Plain numbers, not the client's counters: Feast's import may have made those of one name share a file.
    """

    def __init__(
        self,
        lag: Callable[[], tuple[int, float]] | None = None,
        dead_letters: Callable[[], int] | None = None,
        silent_from: Mapping[str, int] = MappingProxyType({}),
        oldest_seconds: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """`lag`, in records and in seconds, and `dead_letters` are asked at each scrape: a consumer that hangs could
        not tell. `silent_from`: by source table, from how many overdue facts on it counts as silent. `oldest_seconds`:
        by view, beyond which age of its newest row somebody should look.
        """
        self._lag = lag
        self._dead_letters = dead_letters
        self._silent_from = silent_from
        self._oldest_seconds = oldest_seconds
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
        oldest = GaugeMetricFamily(
            "newest_row_age_limit_seconds", "Beyond it a view's rows are about to be too old.", labels=["view"]
        )
        overdue = GaugeMetricFamily("overdue_facts", "Facts due since the last one came.", labels=["table"])
        silent = GaugeMetricFamily("overdue_facts_limit", "From it on a table is silent.", labels=["table"])
        told = (
            (events, self._events),
            (rows, self._rows),
            (age, self._ages()),
            (oldest, self._oldest_seconds),
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
