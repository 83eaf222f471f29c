"""The consumer as a process of its own: takes in what the log gets, until it is stopped, and serves its metrics."""

import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from mlsystem.domain.features import SILENT_FROM
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.flows.logs import log_path
from mlsystem.flows.progress import say
from mlsystem.metrics import ConsumerMetrics
from mlsystem.settings import Settings
from mlsystem.streaming.consumer import GROUP, FeatureConsumer
from mlsystem.streaming.event_log import EventLog

IDLE_SECONDS = 0.02


def make_consumer(
    settings: Settings, log: EventLog, online: OnlineFeatures, metrics: ConsumerMetrics | None = None
) -> FeatureConsumer:
    """The consumer with the settings' lateness. Raises AlreadyConsumed."""
    return FeatureConsumer(log, online, timedelta(minutes=settings.lateness_minutes), metrics)


def consume(settings: Settings) -> None:
    """Consume until the process is ended; a kill at any moment is as good an end as any. Raises AlreadyConsumed."""
    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir, register=False))
    metrics = ConsumerMetrics(lambda: _lag(log_path(settings)), SILENT_FROM)
    consumer = make_consumer(settings, EventLog(log_path(settings)), online, metrics)
    metrics.serve(settings.serving_host, settings.consumer_port)
    say(f"consuming {log_path(settings)}; metrics: http://{settings.serving_host}:{settings.consumer_port}/metrics")
    while True:
        if consumer.catch_up() == 0:
            time.sleep(IDLE_SECONDS)


def _lag(path: Path) -> tuple[int, float]:
    """Asked by the thread that answers scrapes, so on a connection of its own."""
    with closing(EventLog(path)) as log:
        return log.lag(GROUP)
