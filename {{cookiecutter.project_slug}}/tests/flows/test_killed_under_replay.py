"""A day is replayed while its consumer and its service are killed again and again: nothing of it remains to be seen."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from filelock import FileLock, Timeout

from mlsystem.feature_store.store import open_store
from mlsystem.flows.consume import log_path
from mlsystem.flows.replay_days import play
from mlsystem.monitoring import batch
from mlsystem.replay.replay import Span
from mlsystem.serving import prediction_log
from mlsystem.serving.run import Running, running_service
from mlsystem.settings import ROOT, Settings, child_environment
from mlsystem.streaming.consumer import GROUP
from mlsystem.streaming.event_log import EventLog, Position
from questions import quiet_day
from serving_probe import free_port, own_copy, workers
from stream_probe import Stream

KILLS = 20
SPEED = 24 * 3600 / 100  # a day in 100 s, and longer for what is killed

pytestmark = pytest.mark.slowest


def new(system, folder: Path) -> Settings:  # type: ignore[no-untyped-def]
    settings = own_copy(system.settings, folder).model_copy(update={"consumer_port": free_port()})
    open_store(settings.features_dir, settings.online_dir)
    return settings


def left_behind(settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """The store's rows, and by question what was answered and from what."""
    log = prediction_log.read(settings.predictions_dir)
    answers = batch.newest_per_question(log).set_index("question_id").sort_index()
    inputs = [name for name in answers if name.startswith("model_row.")]
    return Stream(settings).stored(), answers[["probability", "degraded", *inputs]].astype(float).fillna(-1).to_dict()


class Reaper(threading.Thread):
    """Kills a worker of the service or the consumer, and starts the consumer again, until it is told to stop.

    Each at any moment of its work, but not before it has begun to work again: an import killed for ever shows nothing.
    """

    def __init__(self, settings: Settings, running: Running, random: Random) -> None:
        super().__init__(daemon=True)
        self.settings, self.running, self.random = settings, running, random
        self.over = threading.Event()
        self.killed: list[str] = []
        self.consumer, self.committed = self._consume(), self._committed()

    def run(self) -> None:
        while len(self.killed) < KILLS and not self.over.wait(self.random.uniform(0.2, 4)):
            if self.random.random() < 0.4:
                if self._committed() == self.committed:
                    continue
                self.consumer.send_signal(signal.SIGKILL)
                self.consumer.wait()
                self.consumer, self.committed = self._consume(), self._committed()
                self.killed.append("consumer")
            elif self.running.not_ready_because() is None and (found := workers(self.running)):
                os.kill(self.random.choice(found).pid, signal.SIGKILL)
                self.killed.append("worker")

    def end(self) -> None:
        self.over.set()
        self.join()
        self.consumer.kill()
        self.consumer.wait()

    def _committed(self) -> Position | None:
        with closing(EventLog(log_path(self.settings))) as log:
            return log.committed(GROUP)

    def _consume(self) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "mlsystem", "consume"],
            env=child_environment(self.settings),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def wait_until_consumed(settings: Settings, seconds: float = 120) -> None:
    """Until another process has the consumer's lock."""
    lock, deadline = FileLock(log_path(settings).with_suffix(".consumer")), time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with lock.acquire(timeout=0):
                pass
        except Timeout:
            return
        time.sleep(0.1)
    raise AssertionError(f"no consumer has begun within {seconds:g} s: a matter of time, not of kills")


def test_twenty_kills_of_consumer_and_service_change_nothing(system, tmp_path: Path):
    day = quiet_day(system.settings)
    span = Span(day, day, timedelta(minutes=30))
    calm, wild = new(system, tmp_path / "calm"), new(system, tmp_path / "wild")
    seed = int(os.environ.get("KILLS_SEED", time.time_ns() % 100_000))
    with running_service(calm):
        undisturbed = play.fn(span, calm)
    with running_service(wild) as running:
        reaper = Reaper(wild, running, Random(seed))
        wait_until_consumed(wild)  # or the replay would take the consumer's place
        reaper.start()
        disturbed = play.fn(span, wild, SPEED)
        reaper.end()

    print(f"seed {seed}: killed {reaper.killed}")
    assert len(reaper.killed) >= 10, f"seed {seed}: too few kills to show anything"
    assert (disturbed.errors, disturbed.questions) == (0, undisturbed.questions)
    for here, there in zip(left_behind(calm), left_behind(wild), strict=True):
        assert here == there, f"seed {seed}, killed {reaper.killed}"
