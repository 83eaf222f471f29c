"""What a retraining learns from, what is kept of it, and what a loop is worth beside its floor and its ceiling."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.model_registry import promotions, registry, tracking
from mlsystem.monitoring.checks import Check
from mlsystem.retraining import alarms, challenger, journal
from mlsystem.retraining.challenger import Lesson, window
from mlsystem.retraining.evidence import shadowed
from mlsystem.retraining.lived import Lived
from mlsystem.retraining.seen import Seen
from mlsystem.settings import ROOT, Settings, child_environment
from mlsystem.training.split import Rows, UnusableTrainingSet, rows_of
from planted import planted_training_set

JANUARY, MARCH = date(2013, 1, 1), date(2013, 3, 1)
MIDNIGHT = datetime(2013, 3, 1, tzinfo=UTC)
DAY = np.timedelta64(1, "D")


def flights(days: int, a_day: int = 4) -> Rows:
    """Every second one late, from New Year on."""
    dates = np.repeat(np.datetime64(JANUARY) + np.arange(days) * DAY, a_day)
    is_late = np.arange(len(dates)) % 2 == 0
    return Rows(np.zeros((len(dates), len(MODEL_COLUMNS))), is_late, dates)


def test_the_rehearsal_knows_nothing_of_the_days_that_it_is_judged_on_and_the_challenger_misses_none():
    rows = flights(120)
    known_at = rows.service_date.astype("datetime64[us]") + 2 * DAY  # two days after the flight
    today = date(2013, 5, 1)

    lesson = window(rows, known_at, JANUARY, today)

    assert lesson.judged_from == date(2013, 4, 3)
    assert lesson.before.days == (JANUARY, date(2013, 4, 1)), "of 2 April no label was known on the third"
    assert lesson.judged.days == (date(2013, 4, 2), date(2013, 4, 29)), "the freshest day whose labels are known"
    assert lesson.train.days[1] < lesson.tune.days[0]
    assert len(lesson.everything) == len(lesson.train) + len(lesson.tune) + len(lesson.judged) == 4 * 119


def test_a_champion_that_learned_lately_is_met_by_a_rehearsal_that_learned_as_long():
    rows, today = flights(120), date(2013, 5, 1)
    known_at = rows.service_date.astype("datetime64[us]") + DAY

    since = {day: window(rows, known_at, JANUARY, today, day).judged_from for day in (date(2013, 4, 20), MARCH, today)}

    assert since == {date(2013, 4, 20): date(2013, 4, 20), MARCH: date(2013, 4, 3), today: date(2013, 4, 24)}


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    rows = rows_of(planted_training_set(days=60, flights_a_day=80))
    return window(rows, rows.service_date.astype("datetime64[us]") + DAY, JANUARY, MARCH)


def test_a_rehearsal_is_the_same_whatever_came_true_on_the_days_it_is_judged_on(lesson: Lesson):
    turned = replace(lesson, judged=replace(lesson.judged, is_late=~lesson.judged.is_late))

    (one, first), (other, second) = (challenger.rehearsed(each, 1, 1) for each in (lesson, turned))

    matrix = lesson.judged.matrix
    assert np.array_equal(one.model.predict_proba(matrix), other.model.predict_proba(matrix))
    assert not np.array_equal(first.model.predict_proba(matrix), second.model.predict_proba(matrix))
    assert one.model.parameters == first.model.parameters, "the challenger has the size that the rehearsal chose"


def test_a_challenger_is_kept_with_its_rehearsal_and_what_each_learned_from(lesson: Lesson):
    trained = challenger.train_challenger(lesson, MARCH, 1, 1)

    assert trained.about["train"]["flights"] == len(lesson.everything)
    assert trained.rehearsal.about["train"]["flights"] == len(lesson.before)
    assert journal.learned_until(trained.rehearsal.about) == datetime(2013, 2, 15, tzinfo=UTC)
    assert journal.learned_until(trained.about) == MIDNIGHT
    assert trained.metrics["tune"]["flights"] == len(lesson.judged)


def test_a_label_that_becomes_known_later_changes_nothing():
    rows = flights(90)
    known_at = rows.service_date.astype("datetime64[us]") + DAY
    late_news = known_at.copy()
    late_news[rows.service_date == np.datetime64("2013-02-10")] = np.datetime64("2013-03-01T00:00:01")

    lesson = window(rows, late_news, JANUARY, MARCH)

    assert np.datetime64("2013-02-10") not in set(lesson.everything.service_date)


def test_a_window_without_both_labels_is_refused_with_what_to_do():
    rows = flights(20)

    with pytest.raises(UnusableTrainingSet, match="ingest more days"):
        window(rows, rows.service_date.astype("datetime64[us]") + 40 * DAY, JANUARY, date(2013, 1, 20))


def test_the_journal_keeps_every_line_and_knows_the_last_retraining(tmp_path: Path):
    training = {"tune": {"last_day": "2013-02-28"}}
    assert journal.trained_on(tmp_path, training) == MARCH

    journal.note(tmp_path, date(2013, 4, 1), "decision", "no retraining", version=None)
    assert journal.trained_on(tmp_path, training) == MARCH
    journal.note(tmp_path, date(2013, 5, 1), "decision", "retrain", version="2")
    journal.note(tmp_path, date(2013, 5, 2), "verdict", "refused", version="2", accepted=False)

    assert [line["day"] for line in journal.read(tmp_path)] == ["2013-04-01", "2013-05-01", "2013-05-02"]
    assert journal.trained_on(tmp_path, training) == date(2013, 5, 1), "a refused one counts: it taught nothing new"


def test_what_is_noted_again_after_a_kill_is_noted_once(tmp_path: Path):
    for _ in range(2):
        journal.note(tmp_path, MARCH, "verdict", "accepted", version="2", refused_by=("a", "b"))

    assert len(list(journal.read(tmp_path))) == 1


def answered(count: int, version: str = "1") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "as_of": pd.Series([MIDNIGHT - timedelta(hours=n) for n in range(count)]).astype("datetime64[us, UTC]"),
            "model_version": version,
            "shadow_version": [None] * count,
            "shadow_probability": [None] * count,
            **{f"model_row.{name}": 0.0 for name in MODEL_COLUMNS},
        }
    )


def always(probability: float):  # type: ignore[no-untyped-def]
    return lambda matrix: np.full(len(matrix), probability)


def test_a_shadow_is_counted_from_its_first_answer_and_compared_with_the_file():
    predictions = answered(10)
    predictions.loc[:3, "shadow_version"], predictions.loc[:3, "shadow_probability"] = "2", 0.25
    predictions.loc[2, "shadow_version"] = None

    found = shadowed(predictions, always(0.25), "2")

    assert (found.asked, found.scored, found.furthest) == (4, 3, 0.0)
    assert shadowed(predictions, always(0.35), "2").furthest == pytest.approx(0.1)
    assert shadowed(predictions, always(0.25), "3").scored == 0


def test_what_is_seen_ends_at_the_moment():
    arrivals = pa.table({"known_at": pa.array([MIDNIGHT - timedelta(days=1), MIDNIGHT, MIDNIGHT + timedelta(hours=1)])})
    predictions = pd.concat([answered(5), answered(5, "2").assign(as_of=MIDNIGHT + timedelta(minutes=30))])
    seen = Seen(MIDNIGHT, pa.table({}), predictions, arrivals)

    assert seen.labels_since(date(2013, 2, 28)) == 2
    assert len(seen.answers_of("1", timedelta(hours=2))) == 3
    assert len(seen.answers_of("2", timedelta(hours=2))) == 0


@pytest.fixture
def lived() -> Lived:
    """60 days whose probabilities the ceiling knows and the floor does not."""
    random = np.random.default_rng(1)
    truth = random.beta(1, 3, 60 * 400)
    is_late = random.random(len(truth)) < truth
    days = np.repeat(np.datetime64(MARCH) + np.arange(60) * DAY, 400)
    floor = np.full(len(truth), truth.mean())
    half = np.where(days < np.datetime64("2013-04-01"), floor, truth)
    return Lived(is_late, days, {"floor": floor, "half": half, "ceiling": truth}, seed=1)


def test_the_floor_saves_nothing_the_truth_all_and_half_a_life_half(lived: Lived):
    most = lived.saved("ceiling", "floor").value

    for name, share in (("floor", 0.0), ("half", 29 / 60), ("ceiling", 1.0)):
        saved = lived.saved(name, "floor")
        assert saved.low - 1 <= share * most <= saved.high + 1, name
        assert saved.value == pytest.approx(share * most, abs=0.1 * most)


def test_months_and_totals_are_of_the_same_flights(lived: Lived):
    months = lived.by_month()["ceiling"]

    assert list(months) == ["2013-03", "2013-04"]
    assert months["2013-03"]["auc"].low < months["2013-03"]["auc"].value < months["2013-03"]["auc"].high
    assert lived.total("ceiling")["usd_per_1000"].value < lived.total("floor")["usd_per_1000"].value


def breach(name: str, value: float) -> Check:
    return Check(name, value, 0.1, f"{name} is {value}")


def test_days_in_a_row_make_one_alarm_and_a_quiet_day_ends_it(tmp_path: Path):
    for day, value in ((1, 0.2), (2, 0.3), (3, 0.05), (4, 0.4)):
        alarms.note(tmp_path, date(2013, 5, day), [breach("skew", value), breach("score_drift", 0.0)], "quiet")

    assert alarms.spans(tmp_path / "nothing", MARCH) == []
    spans = [
        (one["name"], one["since"][-2:], one["until"][-2:], one["because"])
        for one in alarms.spans(tmp_path, date(2013, 5, 31))
    ]
    assert spans == [("skew", "01", "02", "skew is 0.2"), ("skew", "04", "04", "skew is 0.4")]


def test_a_day_that_is_looked_at_again_counts_once(tmp_path: Path):
    for value in (0.2, 0.3):
        alarms.note(tmp_path, MARCH, [breach("skew", value)], None)

    (one,) = alarms.spans(tmp_path, MARCH)
    assert one["because"] == "skew is 0.3"


@pytest.mark.parametrize(("performance", "alarmed"), [(0.05, []), (0.2, ["score_drift", "live_performance"])])
def test_scores_that_drift_alarm_only_while_labels_do_not_show_that_all_is_well(performance: float, alarmed: list[str]):
    checks = [breach("score_drift", 0.2), breach("live_performance", performance)]

    assert [one.name for one in alarms.alarming(checks)] == alarmed
    assert [one.name for one in alarms.alarming([checks[0], breach("live_performance", float("nan"))])] == [
        "score_drift"
    ]


def run(settings: Settings, *task: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "mlsystem", *task]
    return subprocess.run(
        command, cwd=ROOT, env=child_environment(settings), capture_output=True, text=True, check=False
    )


def test_a_challenger_is_registered_with_its_rehearsal_and_promoted_by_hand_only_with_the_word(
    lesson: Lesson, own_settings: Settings
):
    models_dir = own_settings.models_dir
    version = registry.publish_challenger(challenger.train_challenger(lesson, MARCH, 1, 1), models_dir, {})
    uri = tracking.tracking_uri(models_dir)
    rehearsal = registry.rehearsal_of(uri, version)
    journal.note(models_dir, MARCH, "verdict", "refused: dollars", version=version, accepted=False)

    without, after = (
        run(own_settings, "promote", "--version", version, "--why", "winter", *word)
        for word in ([], ["--although-refused"])
    )

    assert (rehearsal, version) == ("1", "2")
    assert registry.load_version(uri, "1").training["train"]["flights"] == len(lesson.before)
    assert registry.rehearsal_of(uri, "1") is None
    assert (without.returncode, after.returncode) == (1, 0), without.stderr + after.stderr
    assert "the gate refused version 2 (refused: dollars)" in without.stderr
    assert registry.aliases(models_dir) == {"champion": "2"}
    (move,) = promotions.history(models_dir)
    assert move.evidence["although_refused"] == "refused: dollars"


def test_a_version_that_the_gate_refused_is_promoted_only_with_the_word_and_that_is_on_record(tmp_path: Path):
    journal.note(tmp_path, MARCH, "verdict", "refused: dollars", version="2", accepted=False)
    journal.note(tmp_path, MARCH, "verdict", "accepted: all", version="3", accepted=True)

    with pytest.raises(journal.Refused, match=r"the gate refused version 2 .* --although-refused"):
        journal.against(tmp_path, "2", although_refused=False)

    assert journal.against(tmp_path, "2", although_refused=True) == {"although_refused": "refused: dollars"}
    assert journal.against(tmp_path, "3", although_refused=False) == journal.against(tmp_path, "4", True) == {}
