"""Days done again after a mend: validated and computed by what stands there now, and the live side loaded from them."""

from contextlib import closing
from datetime import date, datetime

from prefect import flow, task

from mlsystem.flows.data import build_features, ingest
from mlsystem.progress import say
from mlsystem.settings import load_settings


@task
def load_live_side() -> datetime | None:
    """The online store and the event log, anew from validated days as of the log's clock; None if it has none."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store
    from mlsystem.replay.logs import log_path
    from mlsystem.replay.replay import load_again
    from mlsystem.streaming.event_log import EventLog

    settings = load_settings()
    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir, register=False))
    with closing(EventLog(log_path(settings))) as log:
        return load_again(settings.validated_dir, log, online)


@flow(name="backfill")
def backfill(first: date, last: date) -> datetime | None:
    """Days again, whether or not they were done by today's rules; the moment as of which the live side was loaded.

    Without it the event log would go on saying what it was told, for as long as the longest window. Raises DayOutside,
    DaysStopped.
    """
    ingest(first, last, again=True)
    build_features(first, last)
    say("loading the online store and the event log from them")
    return load_live_side()
