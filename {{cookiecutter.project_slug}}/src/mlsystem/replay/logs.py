"""Where the event log is, and the prediction log as far as the event log's clock has come."""

from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mlsystem.replay.timeline import MINUTE
from mlsystem.serving import prediction_log
from mlsystem.settings import Settings
from mlsystem.streaming.event_log import EventLog


def log_path(settings: Settings) -> Path:
    return settings.stream_dir / "events.db"


def predictions_so_far(settings: Settings) -> pa.Table:
    """Every logged prediction up to the event log's clock; all of them where no events were played.

    A question may be about any day until 2100: one that runs ahead of the clock, such as `make smoke`'s, must not move
    the moment as of which the log is looked at. Raises NothingLogged.
    """
    prediction_log.check_some(settings.predictions_dir)
    log = prediction_log.read(settings.predictions_dir)
    if not log_path(settings).exists():
        return log
    with closing(EventLog(log_path(settings))) as events:
        clock = events.clock()
    if clock is None:
        return log
    until = clock + MINUTE  # the shortest interval's questions are asked about as of its start or a little later
    so_far = log.filter(pc.less_equal(log["as_of"], pa.scalar(until)))
    if so_far.num_rows == 0:
        raise prediction_log.NothingLogged(
            f"none of {log.num_rows:,} logged predictions is as of {until:%Y-%m-%d %H:%M} UTC or before: so far has "
            f"the event log come; run `make replay` first"
        )
    return so_far
