"""The consumer as a process of its own: takes in what the log gets, until it is stopped, and serves its metrics."""

import signal
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from mlsystem.addresses import address
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.store_file import StoreBusy, StoreGone
from mlsystem.metrics.consumer import ConsumerMetrics
from mlsystem.progress import say
from mlsystem.replay.logs import log_path
from mlsystem.settings import Settings
from mlsystem.streaming.consumer import GROUP, FeatureConsumer
from mlsystem.streaming.dead_letters import DeadLetters
from mlsystem.streaming.event_log import EventLog

IDLE_SECONDS = 0.02
GONE_SECONDS = 1.0
WARNED_AT = 0.75  # of a view's time to live: what is left is for whoever looks, before answers go without it
OLDEST_SECONDS = {view.name: WARNED_AT * view.ttl.total_seconds() for view in PROBLEM.views if view.is_expected}


def make_consumer(
    settings: Settings, log: EventLog, online: OnlineFeatures, metrics: ConsumerMetrics | None = None
) -> FeatureConsumer:
    """The consumer with the settings' lateness. Raises AlreadyConsumed."""
    return FeatureConsumer(log, online, timedelta(minutes=settings.lateness_minutes), metrics)


def consume(settings: Settings) -> None:
    """Consume until the process is ended; a kill at any moment is as good an end as any. Raises AlreadyConsumed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # what libraries do at exit is done, as with Ctrl-C
    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir, register=False))
    path = log_path(settings)
    metrics = ConsumerMetrics(lambda: _lag(path), lambda: _dead_letters(path), PROBLEM.silent_from, OLDEST_SECONDS)
    consumer = make_consumer(settings, EventLog(log_path(settings)), online, metrics)
    at = address(settings, "consumer")
    metrics.serve(at.ip, at.port)
    say(f"consuming {log_path(settings)}; metrics: {at.url}/metrics")
    missing = ""
    while True:
        try:
            if consumer.catch_up() == 0:
                time.sleep(IDLE_SECONDS)
            missing = ""
        except (StoreGone, StoreBusy) as gone:  # nothing is committed, so the step is done again when it is back
            if str(gone) != missing:
                say(str(gone))
            missing = str(gone)
            time.sleep(GONE_SECONDS)


def _lag(path: Path) -> tuple[int, float]:
    """Asked by the thread that answers scrapes, so on a connection of its own."""
    with closing(EventLog(path)) as log:
        return log.lag(GROUP)


def _dead_letters(path: Path) -> int:
    with closing(DeadLetters(path)) as letters:
        return letters.count()


def print_dead_letters(settings: Settings, replay: bool = False, dismiss: bool = False) -> None:
    """Print what the consumer refused, and why; with `replay`, append it to the log again; or `dismiss` it."""
    EventLog(log_path(settings)).close()  # makes the file if there is none
    with closing(DeadLetters(log_path(settings))) as letters:
        found = letters.open()
        for letter in found:
            say(f"{letter.offset}: {letter.table or 'a clock reading'}: {letter.reason}")
            say(f"    {str(letter.payload)[:200]}")
        if replay:
            say(f"{letters.replay():,} facts are in the log again; the consumer judges them anew")
        elif dismiss:
            letters.dismiss()
            say(f"{len(found):,} are closed, and stay out")
        elif found:
            say("what refused them is mended? `make letters ARGS=--replay` appends them again")
        else:
            say("no dead letters")
