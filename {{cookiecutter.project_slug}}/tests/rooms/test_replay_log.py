"""The log between a replay and its consumer: who waits for whom, and what is forgotten before it is loaded anew."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from mlsystem.replay.replay import ConsumerGone, OtherProcess
from mlsystem.replay.timeline import MINUTE, facts_between
from mlsystem.streaming.consumer import GROUP
from mlsystem.streaming.event_log import EventLog, Position
from questions import DAYS, NOW, asked_on


@pytest.mark.parametrize("steps", [1, 10])
def test_a_consumer_that_is_slow_is_waited_for_and_one_that_stands_is_not(tmp_path: Path, steps: int):
    """It commits every 50 ms; of one that stands for 300 ms it is said that nothing is consumed."""
    path, moments = tmp_path / "events.db", [NOW + number * MINUTE for number in range(11)]

    def consume() -> None:
        with closing(EventLog(path)) as log:
            for one, (before, now) in enumerate(pairwise(moments[: steps + 1])):
                time.sleep(0.05)
                log.commit(GROUP, Position(one + 1, now), Position(one, before) if one else None)

    with closing(EventLog(path)) as log, ThreadPoolExecutor(1) as aside:
        for moment in moments:
            log.append({}, moment)
        aside.submit(consume)
        waits = OtherProcess(log, seconds=0.3)
        if steps == 10:
            assert waits.catch_up(moments[-1]) == 0
        else:
            with pytest.raises(ConsumerGone, match=r"nothing consumed .* for 0 s"):
                waits.catch_up(moments[-1])


def test_a_consumer_that_read_a_log_before_it_was_loaded_does_not_commit_what_it_read(featured, tmp_path: Path):
    """Else it would take what was put before its place for facts that come too late."""
    built, day = featured.settings, DAYS[2]
    moment = asked_on(built, day)[-1].as_of
    with closing(EventLog(tmp_path / "events.db")) as log:
        log.append({}, moment)
        (read,) = log.read(0, 10)

        log.prepend(facts_between(day, None, moment, built.validated_dir))

        assert log.lag("nobody")[0] > 1
        assert not log.commit(GROUP, Position(read.offset, moment), None)
        last = log.read(0, 1_000_000)[-1]
        assert (last.table, last.known_at) == (None, moment)
        assert log.commit(GROUP, Position(last.offset, moment), None)


def test_what_nobody_has_clocked_is_forgotten_too(featured, tmp_path: Path):
    """Else a writer's wrong facts, appended after the last reading, would come after the right ones and stay."""
    built, day = featured.settings, DAYS[2]
    due = asked_on(built, day)
    moment = due[len(due) // 2].as_of
    with closing(EventLog(tmp_path / "events.db")) as log:
        known = facts_between(day, None, moment, built.validated_dir)
        log.append(known, moment)
        assert log.append(known) > 0

        assert log.forget() == moment

        assert [record.table for record in log.read(0, 10)] == [None]
