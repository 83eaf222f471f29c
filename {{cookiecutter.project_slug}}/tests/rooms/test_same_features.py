"""Year == days == stream: one transformation code gives the same features however its facts arrive."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.features import build
from mlsystem.features.recent import RecentFacts
from planted_sql import shorten_windows
from questions import DAY, DAYS, WINDOWED, asked_on, clock_changes
from replay_probe import differences, known_between, served

FINEST = min(view.refresh for view in PROBLEM.views if view.refresh)


@pytest.fixture(scope="module")
def online(featured, tmp_path_factory: pytest.TempPathFactory) -> OnlineFeatures:
    """One store for all days, played newest first: what a later day has left must not be seen by an earlier one."""
    return OnlineFeatures(open_store(featured.settings.features_dir, tmp_path_factory.mktemp("online")))


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_what_was_served_on_a_day_equals_what_a_training_set_says_of_it(online, featured, day: date, tmp_path: Path):
    answers = served(online, featured.settings, day, tmp_path / "stream")

    assert {question.id for question in answers} == {one.id for one in asked_on(featured.settings, day)}
    assert len(answers) > 200
    assert differences(online, featured.settings, answers, day) == []


@pytest.mark.skipif(not WINDOWED, reason="the domain has no windows")
def test_one_constant_changed_on_the_live_side_is_seen(online, featured, tmp_path: Path, monkeypatch):
    shorten_windows(monkeypatch, tmp_path / "sql")

    answers = served(online, featured.settings, DAYS[0], tmp_path / "stream", at_most=120)

    found = {feature for _, feature, *_ in differences(online, featured.settings, answers, DAYS[0])}
    assert found
    assert found <= WINDOWED


def test_a_day_built_alone_is_the_days_part_of_the_year_byte_for_byte(featured, tmp_path):
    days = sorted({DAY, *clock_changes(), PROBLEM.last_day + timedelta(days=1)})

    for day in days:
        build.build([day], featured.settings.validated_dir, tmp_path)

    for view in PROBLEM.views:
        of_year, of_day = (
            storage.Partitions(featured.settings.features_dir / view.name),
            storage.Partitions(tmp_path / view.name),
        )
        assert [of_day.content(day) for day in days] == [of_year.content(day) for day in days]


def test_the_live_buffer_makes_the_rows_of_the_batch_bit_for_bit(featured):
    day = DAYS[0]
    facts = build.read_facts(day, day, featured.settings.validated_dir)
    start = datetime.combine(day, time(), UTC) - timedelta(microseconds=1)
    recent = RecentFacts({name: known_between(rows, None, start) for name, rows in facts.items()}, start)
    made: dict[str, list] = {view.name: [] for view in PROBLEM.views}

    for step in (7, 60, 61, 240, 599, 473):  # minutes: on no view's ticks, together a day
        until = recent.clock + timedelta(minutes=step)
        for name, rows in facts.items():
            due = known_between(rows, recent.clock, until)
            recent.add(name, due)
            recent.add(name, due.slice(0, 5))  # delivered twice
        recent.forget()
        for name, rows in recent.advance(until).items():
            made[name] += rows.to_pylist()

    for view in PROBLEM.views:
        batch = storage.Partitions(featured.settings.features_dir / view.name).read([day])
        assert made[view.name] == batch.to_pylist()


def test_time_that_brings_no_facts_makes_only_the_rows_of_ticks(featured):
    noon = datetime.combine(DAY, time(12), UTC)
    facts = build.read_facts(DAY, DAY, featured.settings.validated_dir)
    recent = RecentFacts({name: known_between(rows, None, noon) for name, rows in facts.items()}, noon)

    before_the_tick = recent.advance(noon + FINEST - timedelta(minutes=1))
    at_the_tick = recent.advance(noon + FINEST)

    assert before_the_tick == {}
    assert list(at_the_tick) == [view.name for view in PROBLEM.views if view.refresh == FINEST]
