"""The monitor's checks: one place has the limits, no label counts before it is known, and every scrape tells them."""

import math
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import time as unix_time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from labels import SLICED, label_table
from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.model_registry.champion import Champion
from mlsystem.model_registry.registry import load_champion
from mlsystem.monitoring.checks import FEWEST_DAYS, GAP_LIMIT, Check, checks_at, quarantine_share
from mlsystem.monitoring.performance import DUE_AFTER
from mlsystem.monitoring.skew import compared
from mlsystem.monitoring.week import diagnosis_at
from mlsystem.retraining.live_snapshot import LiveSnapshot, measure_champion
from mlsystem.serving import monitor_findings
from questions import DAY as QUESTIONS_DAY

NOW = datetime.combine(QUESTIONS_DAY, time(10), UTC)
DAY = timedelta(days=1)
YESTERDAY = NOW.date() - DAY
BASE_RATE = 0.2


@pytest.fixture(scope="module")
def champion(system) -> Champion:  # type: ignore[no-untyped-def]
    return load_champion(system.settings.models_dir)


def asked(champion: Champion, days: int = 29, a_day: int = 900, probability: float = BASE_RATE) -> pd.DataFrame:
    """So many days of answers up to NOW, all with one probability."""
    moments = pd.Series(pd.date_range(NOW - days * DAY, NOW, periods=days * a_day)).astype("datetime64[us, UTC]")
    due = moments + timedelta(hours=4)
    return pd.DataFrame(
        {
            "question_id": pd.Series([f"f{number}" for number in range(len(moments))], dtype="object"),
            "as_of": moments,
            "service_date": due.dt.tz_convert(PROBLEM.zone).dt.date,
            "due_at": due,
            "probability": probability,
            "model_version": champion.version,
            "model_row": [{SLICED: 1.0}] * len(moments),
        }
    )


def labels_of(predictions: pd.DataFrame, known_after: timedelta = timedelta(hours=5)) -> pa.Table:
    """A label for each; one in five is true."""
    known_at = predictions["as_of"] + known_after
    return label_table(predictions["question_id"], np.arange(len(predictions)) % 5 == 0, known_at)


def found(*arguments, **named) -> dict[str, Check]:  # type: ignore[no-untyped-def]
    return {one.name: one for one in checks_at(*arguments, **named)}


def test_probabilities_that_hold_breach_nothing_but_score_drift_when_they_are_all_alike(champion: Champion):
    log = asked(champion)

    checks = found(NOW, log, labels_of(log), champion)

    assert [name for name, one in checks.items() if one.is_breached] == ["score_drift"]
    # One in five is true of all, and nearly so of a day whose questions are no multiple of five: where it begins is
    # the domain's clock's affair.
    assert checks["live_performance"].value == pytest.approx(0, abs=1 / len(log))
    assert "0.000 off" in checks["live_performance"].reason
    assert checks["label_coverage"].value == 0


@pytest.mark.parametrize("wrong", [BASE_RATE + 0.1, BASE_RATE - 0.1])
def test_probabilities_that_are_off_either_way_breach_live_performance(champion: Champion, wrong: float):
    log = asked(champion, probability=wrong)

    check = found(NOW, log, labels_of(log), champion)["live_performance"]

    assert check.is_breached
    assert check.value == pytest.approx(0.1, abs=0.01)
    assert check.limit == GAP_LIMIT


def test_the_champions_own_scores_do_not_drift(champion: Champion):
    log, reference = asked(champion), champion.references["score"]
    inner = np.repeat(np.array([*reference.edges, 1.0]), np.array(reference.counts[:-1]) // 100)
    log["probability"] = np.resize(np.random.default_rng(1).permutation(inner), len(log))

    check = found(NOW, log, labels_of(log), champion)["score_drift"]

    assert not check.is_breached
    assert 0 <= check.value < 0.1


@pytest.mark.parametrize(("days", "drifts"), [(1, False), (6, False), (8, True)])
def test_the_scores_of_less_than_a_week_are_no_reason_to_retrain(champion: Champion, days: int, drifts: bool):
    log = asked(champion, days)  # all alike, which no week of training was

    seen = measure_champion(LiveSnapshot(NOW, pa.table({}), log, labels_of(log).slice(0, 0)), champion, NOW.date())

    assert (seen.score_psi > seen.score_psi_limit) is drifts
    assert math.isnan(seen.score_psi) is not drifts


def test_a_label_that_is_not_known_yet_changes_nothing(champion: Champion):
    log = asked(champion, probability=0.5)
    future = labels_of(log, known_after=40 * DAY)
    none = future.slice(0, 0)

    told = [[repr(one) for one in checks_at(NOW, log, labels, champion)] for labels in (future, none)]

    assert told[0] == told[1]
    assert math.isnan(found(NOW, log, future, champion)["live_performance"].value)
    assert found(NOW, log, future, champion)["label_coverage"].value == 1


def test_an_answer_that_comes_after_the_moment_changes_nothing(champion: Champion):
    log = asked(champion)
    later = log.assign(as_of=log["as_of"] + 30 * DAY, question_id=log["question_id"] + "x", probability=0.9)

    alone, both = (checks_at(NOW, rows, labels_of(rows), champion) for rows in (log, pd.concat([log, later])))

    assert [repr(one) for one in alone] == [repr(one) for one in both]


def test_another_models_answers_count_for_coverage_only(champion: Champion):
    log = asked(champion, probability=0.9).assign(model_version="another")

    checks = found(NOW, log, labels_of(log), champion)

    assert math.isnan(checks["score_drift"].value)
    assert math.isnan(checks["live_performance"].value)
    assert checks["label_coverage"].value == 0


def test_too_little_is_said_to_be_unknown_and_is_never_breached(champion: Champion):
    for days in (0, FEWEST_DAYS - 2):  # five days by the clock can touch six dates
        checks = found(NOW, log := asked(champion, days=days), labels_of(log), champion)

        assert all(math.isnan(one.value) and not one.is_breached for one in checks.values())
        assert all("not known yet" in one.reason for one in checks.values())
        assert all(one.as_json()["value"] is None for one in checks.values())


def test_a_day_without_labels_breaches_coverage_and_a_few_that_never_get_one_do_not(champion: Champion):
    log = asked(champion)
    labels = labels_of(log).to_pandas()
    due_at = log["due_at"] + DUE_AFTER
    due = (due_at > NOW - 3 * DAY) & (due_at <= NOW - 2 * DAY)
    cancelled = np.arange(len(log)) % 25 == 0

    a_day, a_few = (
        found(NOW, log, pa.Table.from_pandas(labels[~gone.to_numpy()], preserve_index=False), champion)
        for gone in (due, pd.Series(cancelled))
    )

    assert a_day["label_coverage"].value == pytest.approx(1 / 7, abs=0.01)
    assert a_day["label_coverage"].is_breached
    assert a_few["label_coverage"].value == pytest.approx(0.04, abs=0.005)
    assert not a_few["label_coverage"].is_breached


def test_skew_over_its_budget_and_a_day_with_much_in_quarantine_are_breached(champion: Champion, tmp_path: Path):
    log = asked(champion, days=2)
    skewed = compared({"a": np.ones(1_000)}, {"a": np.zeros(1_000)})
    for folder, rows in ((PROBLEM.asked_of, 95), (f"quarantine/{PROBLEM.asked_of}", 5)):
        storage.Partitions(tmp_path / folder).write(YESTERDAY, pa.table({"x": [1] * rows}), "")

    share = quarantine_share(tmp_path, YESTERDAY)
    checks = found(NOW, log, labels_of(log), champion, skewed, share)

    assert share == 0.05
    assert math.isnan(quarantine_share(tmp_path, YESTERDAY + DAY))
    assert checks["skew"].is_breached
    assert checks["quarantine_share"].is_breached


def test_the_diagnosis_of_the_week_says_what_kind_of_drift_it_is(champion: Champion):
    log = asked(champion, probability=0.6)

    diagnosis = diagnosis_at(NOW, log, labels_of(log), champion)

    assert diagnosis is not None
    assert diagnosis.costs
    assert diagnosis_at(NOW, asked(champion, days=3), labels_of(log), champion) is None


def test_what_was_written_is_what_a_scrape_tells(tmp_path: Path):
    written = unix_time()
    monitor_findings.write(tmp_path, written, {"skew": (0.2, 0.001), "score_drift": (math.nan, 0.5)})

    moment, rows = monitor_findings.read(tmp_path, unix_time())  # type: ignore[misc]

    assert moment == pytest.approx(written)
    assert rows["skew"] == (0.2, 0.001)
    assert math.isnan(rows["score_drift"][0])


def test_of_an_old_file_only_the_moment_is_told(tmp_path: Path):
    monitor_findings.write(tmp_path, unix_time() - 3 * 86_400, {"skew": (0.2, 0.001)})

    assert monitor_findings.read(tmp_path, unix_time())[1] == {}  # type: ignore[index]


@pytest.mark.parametrize("content", [None, "", '{"checked_at": 1', "[]", '{"checked_at": "x", "checks": {}}', "\x00"])
def test_a_file_that_is_missing_torn_or_of_another_kind_tells_nothing(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / monitor_findings.FILE).write_text(content)

    assert monitor_findings.read(tmp_path, unix_time()) is None
    (tmp_path / monitor_findings.FILE).unlink(missing_ok=True)
    (tmp_path / monitor_findings.FILE).mkdir()
    assert monitor_findings.read(tmp_path, unix_time()) is None
