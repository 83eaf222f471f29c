"""Five weeks in the life, by the user's own command: stopped on the way, gone on with, decided, shadowed, judged."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import browser
from labels import month_at
from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.flows.replay_days import state_of
from mlsystem.model_registry.listing import table
from mlsystem.model_registry.registry import load_champion
from mlsystem.monitoring import batch
from mlsystem.replay.replay import Replayed, Span
from mlsystem.retraining import journal
from mlsystem.serving import prediction_log
from mlsystem.settings import ROOT, Settings, child_environment
from mlsystem.simulation.page import render
from mlsystem.simulation.policies import CALENDAR, FROZEN, LOOP, TRIGGER
from mlsystem.simulation.year import INTERVAL
from serving_probe import own_copy

FIRST = month_at(1 / 4)
NEXT_MONTH = (FIRST + timedelta(days=31)).replace(day=1)  # the one day on which the calendar trains
LAST = NEXT_MONTH + timedelta(days=3)
STOPPED_ON = FIRST + timedelta(days=7)
COMMAND = [sys.executable, "-m", "mlsystem", "year", "--from", str(FIRST), "--to", str(LAST)]


@pytest.fixture(scope="module")
def settings(system, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The built data, and a life of its own."""
    copied = own_copy(system.settings, tmp_path_factory.mktemp("year") / "data")
    for name in ("source_dir", "training_sets_dir"):
        source = getattr(system.settings, name)
        (copied.data_dir / source.name).symlink_to(source)
    return copied


def year(settings: Settings, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command or COMMAND, cwd=ROOT, env=child_environment(settings), capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def stopped(settings: Settings) -> None:
    """A life that was stopped in its second week, as with Ctrl-C."""
    log = settings.data_dir / "first.log"
    with log.open("w") as out:
        process = subprocess.Popen(COMMAND, cwd=ROOT, env=child_environment(settings), stdout=out, stderr=out)
        deadline = time.monotonic() + 240
        while f"{STOPPED_ON}:" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130, log.read_text()
    assert log.read_text().endswith("year: stopped; run it again and it goes on from here\n")


@pytest.fixture(scope="module")
def refused(stopped: None, settings: Settings) -> subprocess.CompletedProcess:
    """What was said when a life of other days was asked for meanwhile."""
    return year(settings, *COMMAND[:-1], str(LAST - timedelta(days=14)))


@pytest.fixture(scope="module")
def said(refused: subprocess.CompletedProcess, settings: Settings) -> str:
    """What the command printed when it went on to the end."""
    done = year(settings)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def found(said: str, settings: Settings) -> dict:
    return json.loads((settings.reports_dir / "year.json").read_text())


@pytest.mark.slowest
def test_a_life_of_other_days_is_refused_while_one_is_stopped_on_its_way(refused: subprocess.CompletedProcess):
    assert refused.returncode == 1
    assert f"a life of {FIRST} to {LAST} was stopped on its way" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slowest
def test_a_stopped_life_goes_on_where_it_was_and_asks_each_question_once(said: str, found: dict, settings):
    log = prediction_log.read(settings.model_copy(update={"state": "year"}).predictions_dir)
    answers = batch.newest_per_question(log)
    asked = storage.Partitions(settings.validated_dir / PROBLEM.asked_of)
    days = [day for day in storage.day_range(FIRST, LAST) if asked.path(day).exists()]

    assert "going on with the replay that was stopped" in said
    assert "training the first champion" not in said
    assert found["replay"]["errors"] == 0
    assert found["replay"]["questions"] == len(answers) == sum(asked.rows(day) for day in days) > 0


@pytest.mark.slowest
def test_every_challenger_answered_a_day_in_the_shadow_before_its_rehearsal_was_judged(said, found, settings):
    decisions = [note for note in found["notes"] if note["what"] == "decision"]
    trained, verdicts = (
        [one for one in decisions if one["version"]],
        [n for n in found["notes"] if n["what"] == "verdict"],
    )

    assert str(NEXT_MONTH) in {one["day"] for one in decisions}, "the month was decided on"
    assert len(trained) == len(verdicts) >= 1
    for decision, verdict in zip(trained, verdicts, strict=True):
        assert decision["reason"].startswith("retrain: ")
        assert date.fromisoformat(verdict["day"]) - date.fromisoformat(decision["day"]) == timedelta(days=1)
        assert "live questions scored, the furthest 0 from its file's answer" in verdict["rules"]["shadow"]
        assert "no feature is over budget" in verdict["rules"]["skew"]
    assert list(journal.read(settings.model_copy(update={"state": "year"}).models_dir)) == found["notes"]


@pytest.mark.slowest
def test_the_champion_that_answers_is_the_one_that_the_gate_let_in(found: dict, settings: Settings):
    own = settings.model_copy(update={"state": "year"})
    answers = batch.newest_per_question(prediction_log.read(own.predictions_dir)).sort_values("as_of")

    accepted = [note for note in found["notes"] if note["what"] == "verdict" and note["accepted"]]
    assert len(found["champions"]) == 1 + len(accepted)
    assert answers["model_version"].iloc[-1] == found["champions"][-1]["version"]
    assert "champion" in table(own.models_dir)


@pytest.mark.slowest
def test_frozen_and_calendar_are_one_model_until_the_first_of_a_month_and_each_policy_pays_for_its_trainings(
    found: dict,
):
    frozen, calendar = (found["months"][policy][f"{FIRST:%Y-%m}"] for policy in (FROZEN, CALENDAR))
    policies = found["policies"]

    assert frozen == calendar
    assert policies[FROZEN]["trained"] == []
    assert policies[FROZEN]["net"] == policies[FROZEN]["saved"]["value"] == 0
    assert policies[CALENDAR]["trained"] == [str(NEXT_MONTH)]
    for one in (policies[LOOP], policies[CALENDAR], policies[TRIGGER]):
        assert one["net"] == pytest.approx(one["saved"]["value"] - found["training_cost"] * len(one["trained"]))
    (band,) = found["bands"]
    assert band["low"] == band["high"] == pytest.approx(policies[CALENDAR]["saved"]["value"])


@pytest.mark.slowest
def test_nothing_of_another_life_was_touched(said: str, settings: Settings, system):
    assert not (settings.data_dir / "6_predictions").exists()
    run = json.loads((system.settings.reports_dir / "run.json").read_text())
    assert load_champion(system.settings.models_dir).name == run["champion"]


@pytest.mark.slowest
@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_page_fits_its_screen(found: dict, tmp_path: Path, width: int):
    page = tmp_path / "year.html"
    page.write_text(render(found))

    shown = browser.show(page, width, tmp_path)

    assert shown.faults(width) == []
    assert "any 1 of 1 first days of a month" in shown.text
    assert str(NEXT_MONTH) in shown.text


@pytest.mark.slowest
def test_a_life_that_was_stopped_while_its_page_was_made_makes_the_page_and_is_not_lived_again(found: dict, settings):
    own = settings.model_copy(update={"state": "year"})
    answers = prediction_log.read(own.predictions_dir).num_rows
    counts = Replayed(**{name: found["replay"][name] for name in vars(Replayed()) if name in found["replay"]})
    state = state_of(own)
    over = datetime.combine(LAST + timedelta(days=1), datetime.min.time(), PROBLEM.zone).astimezone(UTC)
    state.write(Span(FIRST, LAST, INTERVAL), over, counts)

    done = year(settings)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    again = json.loads((settings.reports_dir / "year.json").read_text())
    assert prediction_log.read(own.predictions_dir).num_rows == answers
    assert {name: again[name] for name in ("rows", "notes", "policies")} == {
        n: found[n] for n in ("rows", "notes", "policies")
    }
    assert not state.path.exists()
