"""Deployments: one night's work, on the system's own clock; tests/flows/test_up.py sees it start by itself."""

from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from mlsystem.domain import PROBLEM
from mlsystem.flows.deploy import deployments
from mlsystem.replay import system_clock as clock
from mlsystem.replay.logs import log_path
from mlsystem.settings import Settings
from mlsystem.streaming.event_log import EventLog
from questions import DAY


def test_the_night_has_a_schedule_and_no_day_frozen_into_it():
    night, smoke = deployments("7 3 * * *")

    assert (night.flow_name, smoke.flow_name) == ("nightly", "serve-smoke")
    assert [one.schedule.cron for one in night.schedules] == ["7 3 * * *"]
    assert [one.schedule.timezone for one in night.schedules] == [str(PROBLEM.zone)]
    assert night.parameters == smoke.parameters == {}
    assert night.concurrency_limit == 1


@pytest.mark.parametrize("minutes", [-1, 0])
def test_under_replay_it_is_the_day_that_the_events_have_come_to_on_the_domains_clock(tmp_path: Path, minutes: int):
    midnight = datetime.combine(DAY, time(), PROBLEM.zone).astimezone(UTC)
    settings = Settings(data_dir=tmp_path)
    with closing(EventLog(log_path(settings))) as log:
        log.append({}, midnight + timedelta(minutes=minutes))

    assert clock.today(settings) == DAY + timedelta(days=minutes)


def test_for_a_live_source_it_is_the_machines_day(tmp_path: Path):
    before = datetime.now(PROBLEM.zone).date()

    said = clock.today(Settings(data_dir=tmp_path, clock="wall"))

    assert said in (before, datetime.now(PROBLEM.zone).date())  # midnight may come between


def test_before_the_first_event_it_is_no_day_and_that_is_told(tmp_path: Path):
    for settings in (Settings(data_dir=tmp_path), Settings(data_dir=tmp_path)):  # asked again, the file is there or not
        with pytest.raises(clock.NoClock, match=r"`make replay` plays a day, and MLSYSTEM_CLOCK=wall"):
            clock.today(settings)
        EventLog(log_path(settings))
