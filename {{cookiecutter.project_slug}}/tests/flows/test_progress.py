"""What a person sees while something takes its time."""

import logging
import sys
import threading
import time
from argparse import Namespace
from datetime import timedelta

import pytest

from heard import MOST_CPU_SECONDS, Heard
from mlsystem import progress
from mlsystem.commands import run_task as running
from mlsystem.commands import tasks
from mlsystem.domain import PROBLEM
from mlsystem.features.build import build
from mlsystem.progress import never_silent, say
from mlsystem.settings import Settings
from mlsystem.source.deliver import deliver
from mlsystem.validation.validate import validate
from questions import DAY

DEADLINE_SECONDS = 60


def test_whoever_waits_is_told_that_it_goes_on_and_nothing_after_the_end(capsys: pytest.CaptureFixture[str]):
    before, told, deadline = threading.active_count(), "", time.monotonic() + DEADLINE_SECONDS

    with never_silent("the kettle", seconds=0.01):
        while told.count("s: the kettle") < 2 and time.monotonic() < deadline:
            told += capsys.readouterr().out
        say("  water")
        while told.count("s: water") < 2 and time.monotonic() < deadline:
            told += capsys.readouterr().out

    assert told.count("s: the kettle") >= 2
    assert told.count("s: water") >= 2, "what goes on is the step that was said last"
    assert threading.active_count() == before


def test_while_steps_are_said_nothing_comes_between_them(capsys: pytest.CaptureFixture[str]):
    with never_silent("the kettle", seconds=DEADLINE_SECONDS):
        say("one")
        say("two")

    assert [line.split("] ")[1] for line in capsys.readouterr().out.splitlines()] == ["one", "two"]


def test_on_a_terminal_a_passing_line_gives_way_to_the_next(capsys: pytest.CaptureFixture[str], monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    told, deadline = "", time.monotonic() + DEADLINE_SECONDS

    with never_silent("the kettle", seconds=0.01):
        while told.count("the kettle") < 3 and time.monotonic() < deadline:
            told += capsys.readouterr().out
        say("tea")
    told += capsys.readouterr().out

    assert told.count("the kettle") >= 3
    assert told.count("\n") == 1, "the step alone stays"
    assert all(line.startswith("[") or not line for line in told.split(progress.WIPE))
    assert told.endswith(progress.WIPE)


def test_what_a_room_logs_is_shown_below_the_step_that_called_it(capsys: pytest.CaptureFixture[str]):
    say("training")
    logging.getLogger("mlsystem.training.compare").info("lightgbm: fold %s of %s", 3, 4)
    logging.getLogger("mlsystem.training.compare").debug("no business of anybody's")

    assert [line.split("] ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "training",
        "  lightgbm: fold 3 of 4",
    ]


def test_a_task_is_under_the_watch_that_breaks_a_silence(own_settings: Settings, monkeypatch: pytest.MonkeyPatch):
    alive: set[str] = set()
    monkeypatch.setattr(tasks, "models", lambda options: alive.update(one.name for one in threading.enumerate()))

    running.run(Namespace(task="models"), own_settings)

    assert progress.TELLER in alive
    assert {"test", "prove", "endure", "check", "consume", "deploy"} == running.HAS_A_VOICE | running.SERVES, (
        "no other may be without it"
    )


def test_each_step_from_a_raw_file_to_a_feature_is_told(own_settings: Settings, caplog: pytest.LogCaptureFixture):
    days = [DAY, DAY + timedelta(days=1)]
    caplog.set_level(logging.INFO, "mlsystem")

    deliver(days, own_settings.source_dir)
    validate(days, own_settings.source_dir, own_settings.validated_dir)
    build(days, own_settings.validated_dir, own_settings.features_dir)

    told = [record.getMessage() for record in caplog.records if record.name.startswith("mlsystem.")]
    tables = [f"(table {place} of {len(PROBLEM.tables)})" for place in range(1, len(PROBLEM.tables) + 1)]
    for step in (
        "reading the raw files",
        "days delivered: 2 of 2",
        *tables,
        f"features of {days[0]} to {days[1]}: 0 of 2",
    ):
        assert any(step in line for line in told), (step, told)


def test_the_demo_tells_of_every_fit_and_works_for_no_long_time_without_a_word(system):
    said = Heard.read(system.settings.data_dir / "demo.heard.json")

    for step in (
        "candidate 3 of 3",
        "setting 2 of 2",
        f"(view {len(PROBLEM.views)} of {len(PROBLEM.views)})",
        "drift limits",
        "logging all in MLflow",
    ):
        assert step in said.stdout, step
    for model in ("climatology", "logistic_regression", "lightgbm"):
        assert all(f"{model}: fold {fold} of 4" in said.stdout for fold in range(1, 5)), model
    assert said.most_cpu.cpu_seconds < MOST_CPU_SECONDS, said.most_cpu
