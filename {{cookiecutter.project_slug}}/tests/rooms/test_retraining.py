"""What a retraining learns from, what is kept of it, and what a refused version needs to be promoted."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.model_registry import promotions, registry, tracking
from mlsystem.retraining import challenger, journal
from mlsystem.retraining.challenger import Lesson, window
from mlsystem.settings import ROOT, Settings, child_environment
from mlsystem.training.split import Rows, UnusableTrainingSet, rows_of
from planted import FIRST_DAY, planted_training_set

JANUARY, MARCH = date(2031, 1, 1), date(2031, 3, 1)
DAY = np.timedelta64(1, "D")
TODAY = FIRST_DAY + timedelta(days=59)  # of the planted questions, but for the last day's


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def dated_rows(days: int, a_day: int = 4) -> Rows:
    """Every second label is true, from New Year on."""
    dates = np.repeat(np.datetime64(JANUARY) + np.arange(days) * DAY, a_day)
    label = np.arange(len(dates)) % 2 == 0
    return Rows(np.zeros((len(dates), len(PROBLEM.model_columns))), label, dates)


def test_the_rehearsal_knows_nothing_of_the_days_that_it_is_judged_on_and_the_challenger_misses_none():
    rows = dated_rows(120)
    known_at = rows.service_date.astype("datetime64[us]") + 2 * DAY  # two days after the question
    today = date(2031, 5, 1)

    lesson = window(rows, known_at, JANUARY, today)

    assert lesson.judged_from == date(2031, 4, 3)
    assert lesson.before.days == (JANUARY, date(2031, 4, 1)), "of 2 April no label was known on the third"
    assert lesson.judged.days == (date(2031, 4, 2), date(2031, 4, 29)), "the freshest day whose labels are known"
    assert lesson.train.days[1] < lesson.tune.days[0]
    assert len(lesson.everything) == len(lesson.train) + len(lesson.tune) + len(lesson.judged) == 4 * 119


def test_a_champion_that_learned_lately_is_met_by_a_rehearsal_that_learned_as_long():
    rows, today = dated_rows(120), date(2031, 5, 1)
    known_at = rows.service_date.astype("datetime64[us]") + DAY

    since = {day: window(rows, known_at, JANUARY, today, day).judged_from for day in (date(2031, 4, 20), MARCH, today)}

    assert since == {date(2031, 4, 20): date(2031, 4, 20), MARCH: date(2031, 4, 3), today: date(2031, 4, 24)}


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    rows = rows_of(planted_training_set(days=60, questions_a_day=80))
    return window(rows, rows.service_date.astype("datetime64[us]") + DAY, FIRST_DAY, TODAY)


def test_a_rehearsal_is_the_same_whatever_came_true_on_the_days_it_is_judged_on(lesson: Lesson):
    turned = replace(lesson, judged=replace(lesson.judged, label=~lesson.judged.label))

    (one, first), (other, second) = (challenger.rehearsed(each, 1, 1) for each in (lesson, turned))

    matrix = lesson.judged.matrix
    assert np.array_equal(one.model.predict_proba(matrix), other.model.predict_proba(matrix))
    assert not np.array_equal(first.model.predict_proba(matrix), second.model.predict_proba(matrix))
    assert one.model.parameters == first.model.parameters, "the challenger has the size that the rehearsal chose"


def test_a_challenger_is_kept_with_its_rehearsal_and_what_each_learned_from(lesson: Lesson):
    trained = challenger.train_challenger(lesson, TODAY, 1, 1)

    assert trained.about["train"]["rows"] == len(lesson.everything)
    assert trained.rehearsal.about["train"]["rows"] == len(lesson.before)
    assert journal.learned_until(trained.rehearsal.about) == midnight(FIRST_DAY + timedelta(days=45))
    assert journal.learned_until(trained.about) == midnight(TODAY)
    assert trained.metrics["tune"]["rows"] == len(lesson.judged)


def test_a_label_that_becomes_known_later_changes_nothing():
    rows = dated_rows(90)
    known_at = rows.service_date.astype("datetime64[us]") + DAY
    belated = known_at.copy()
    belated[rows.service_date == np.datetime64("2031-02-10")] = np.datetime64("2031-03-01T00:00:01")

    lesson = window(rows, belated, JANUARY, MARCH)

    assert np.datetime64("2031-02-10") not in set(lesson.everything.service_date)


def test_a_window_without_both_labels_is_refused_with_what_to_do():
    rows = dated_rows(20)

    with pytest.raises(UnusableTrainingSet, match="ingest more days"):
        window(rows, rows.service_date.astype("datetime64[us]") + 40 * DAY, JANUARY, date(2031, 1, 20))


def test_the_journal_keeps_every_line_and_knows_the_last_retraining(tmp_path: Path):
    training = {"tune": {"last_day": "2031-02-28"}}
    assert journal.trained_on(tmp_path, training) == MARCH

    journal.note(tmp_path, date(2031, 4, 1), "decision", "no retraining", version=None)
    assert journal.trained_on(tmp_path, training) == MARCH
    journal.note(tmp_path, date(2031, 5, 1), "decision", "retrain", version="2")
    journal.note(tmp_path, date(2031, 5, 2), "verdict", "refused", version="2", accepted=False)

    assert [line["day"] for line in journal.read(tmp_path)] == ["2031-04-01", "2031-05-01", "2031-05-02"]
    assert journal.trained_on(tmp_path, training) == date(2031, 5, 1), "a refused one counts: it taught nothing new"


def test_what_is_noted_again_after_a_kill_is_noted_once(tmp_path: Path):
    for _ in range(2):
        journal.note(tmp_path, MARCH, "verdict", "accepted", version="2", refused_by=("a", "b"))

    assert len(list(journal.read(tmp_path))) == 1


def task(settings: Settings, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "mlsystem", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=child_environment(settings), capture_output=True, text=True, check=False
    )


def test_a_challenger_is_registered_with_its_rehearsal_and_promoted_by_hand_only_with_the_word(
    lesson: Lesson, own_settings: Settings
):
    models_dir = own_settings.models_dir
    version = registry.publish_challenger(challenger.train_challenger(lesson, TODAY, 1, 1), models_dir, {})
    uri = tracking.tracking_uri(models_dir)
    rehearsal = registry.rehearsal_of(uri, version)
    journal.note(models_dir, MARCH, "verdict", "refused: money", version=version, accepted=False)

    without, after = (
        task(own_settings, "promote", "--version", version, "--why", "winter", *word)
        for word in ([], ["--although-refused"])
    )

    assert (rehearsal, version) == ("1", "2")
    assert registry.load_version(uri, "1").training["train"]["rows"] == len(lesson.before)
    assert registry.rehearsal_of(uri, "1") is None
    assert (without.returncode, after.returncode) == (1, 0), without.stderr + after.stderr
    assert "the gate refused version 2 (refused: money)" in without.stderr
    assert registry.aliases(models_dir) == {"champion": "2"}
    (move,) = promotions.history(models_dir)
    assert move.evidence["although_refused"] == "refused: money"


def test_a_version_that_the_gate_refused_is_promoted_only_with_the_word_and_that_is_on_record(tmp_path: Path):
    journal.note(tmp_path, MARCH, "verdict", "refused: money", version="2", accepted=False)
    journal.note(tmp_path, MARCH, "verdict", "accepted: all", version="3", accepted=True)

    with pytest.raises(journal.Refused, match=r"the gate refused version 2 .* --although-refused"):
        journal.against(tmp_path, "2", although_refused=False)

    assert journal.against(tmp_path, "2", although_refused=True) == {"although_refused": "refused: money"}
    assert journal.against(tmp_path, "3", although_refused=False) == journal.against(tmp_path, "4", True) == {}
