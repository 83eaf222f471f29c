"""As of when the prediction log is looked at: a question that runs ahead of the events moves nothing."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlsystem.replay.logs import log_path, predictions_so_far
from mlsystem.serving.log_writer import PredictionLog
from mlsystem.serving.prediction_log import NothingLogged
from mlsystem.settings import Settings
from mlsystem.streaming.event_log import EventLog

NOON = datetime(2020, 11, 5, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Questions of noon, of half a minute later, and of New Year's Eve."""
    found = Settings(data_dir=tmp_path)
    moments = (NOON, NOON + timedelta(seconds=30), datetime(2020, 12, 31, tzinfo=UTC))
    PredictionLog(found.predictions_dir, 9).append(
        [{"prediction_id": str(number), "as_of": moment} for number, moment in enumerate(moments)]
    )
    return found


def played_until(settings: Settings, moment: datetime) -> None:
    settings.stream_dir.mkdir(parents=True)
    with closing(EventLog(log_path(settings))) as log:
        log.append({}, moment)


def test_without_events_every_prediction_counts(settings: Settings):
    assert predictions_so_far(settings)["prediction_id"].to_pylist() == ["0", "1", "2"]


def test_a_prediction_of_a_later_day_than_the_events_is_not_looked_at(settings: Settings):
    played_until(settings, NOON)

    assert predictions_so_far(settings)["prediction_id"].to_pylist() == ["0", "1"]


def test_a_log_of_later_days_alone_is_told(settings: Settings):
    played_until(settings, NOON - timedelta(days=1))

    with pytest.raises(NothingLogged, match=r"none of 3 logged predictions is as of 2020-11-04 12:01 UTC or before"):
        predictions_so_far(settings)
