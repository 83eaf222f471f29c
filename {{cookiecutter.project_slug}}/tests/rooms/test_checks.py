"""The monitor's checks: one place has the limits, no label counts before it is known, and every scrape tells them."""

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlsystem import storage
from mlsystem.model_registry.champion import Champion
from mlsystem.model_registry.registry import load_champion
from mlsystem.monitoring.checks import GAP_LIMIT, Check, checks_at, quarantine_share
from mlsystem.monitoring.skew import compared
from mlsystem.monitoring.week import diagnosis_at
from mlsystem.retraining.seen import Seen, measured
from mlsystem.serving import checked

NOW = datetime(2013, 11, 5, 10, tzinfo=UTC)
DAY = timedelta(days=1)
LATE_SHARE = 0.2


@pytest.fixture(scope="module")
def champion(system) -> Champion:  # type: ignore[no-untyped-def]
    return load_champion(system.settings.models_dir)


def asked(champion: Champion, days: int = 29, a_day: int = 900, probability: float = LATE_SHARE) -> pd.DataFrame:
    """So many days of answers up to NOW, all with one probability."""
    moments = pd.Series(pd.date_range(NOW - days * DAY, NOW, periods=days * a_day)).astype("datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "flight_id": [f"f{number}" for number in range(len(moments))],
            "as_of": moments,
            "scheduled_departure_at": moments + timedelta(hours=2),
            "scheduled_arrival_at": moments + timedelta(hours=4),
            "probability": probability,
            "model_version": champion.version,
            "model_row": [{"carrier": 1.0}] * len(moments),
        }
    )


def landed(predictions: pd.DataFrame, known_after: timedelta = timedelta(hours=5)) -> pa.Table:
    """A label for each; one in five late."""
    is_late = np.arange(len(predictions)) % 5 == 0
    known = pa.array(predictions["as_of"] + known_after, pa.timestamp("us", "UTC"))
    delays = np.where(is_late, 40, 0)
    return pa.table({"flight_id": predictions["flight_id"], "arrival_delay_minutes": delays, "known_at": known})


def found(*arguments, **named) -> dict[str, Check]:  # type: ignore[no-untyped-def]
    return {one.name: one for one in checks_at(*arguments, **named)}


def test_probabilities_that_hold_breach_nothing_but_score_drift_when_they_are_all_alike(champion: Champion):
    log = asked(champion)

    checks = found(NOW, log, landed(log), champion)

    assert [name for name, one in checks.items() if one.is_breached] == ["score_drift"]
    assert checks["live_performance"].value == pytest.approx(0, abs=1e-9)
    assert "0.000 off" in checks["live_performance"].because
    assert checks["label_coverage"].value == 0


@pytest.mark.parametrize("wrong", [LATE_SHARE + 0.1, LATE_SHARE - 0.1])
def test_probabilities_that_are_off_either_way_breach_live_performance(champion: Champion, wrong: float):
    log = asked(champion, probability=wrong)

    check = found(NOW, log, landed(log), champion)["live_performance"]

    assert check.is_breached
    assert check.value == pytest.approx(0.1, abs=0.01)
    assert check.limit == GAP_LIMIT


def test_the_champions_own_scores_do_not_drift(champion: Champion):
    log, reference = asked(champion), champion.references["score"]
    inner = np.repeat(np.array([*reference.edges, 1.0]), np.array(reference.counts[:-1]) // 100)
    log["probability"] = np.resize(np.random.default_rng(1).permutation(inner), len(log))

    check = found(NOW, log, landed(log), champion)["score_drift"]

    assert not check.is_breached
    assert 0 <= check.value < 0.1


@pytest.mark.parametrize(("days", "drifts"), [(1, False), (6, False), (8, True)])
def test_the_scores_of_less_than_a_week_are_no_reason_to_retrain(champion: Champion, days: int, drifts: bool):
    log = asked(champion, days)  # all alike, which no week of training was

    seen = measured(Seen(NOW, pa.table({}), log, landed(log).slice(0, 0)), champion, date(2013, 9, 1))

    assert (seen.score_psi > seen.score_psi_limit) is drifts
    assert math.isnan(seen.score_psi) is not drifts


def test_a_label_that_is_not_known_yet_changes_nothing(champion: Champion):
    log = asked(champion, probability=0.5)
    future = landed(log, known_after=40 * DAY)
    none = future.slice(0, 0)

    told = [[repr(one) for one in checks_at(NOW, log, labels, champion)] for labels in (future, none)]

    assert told[0] == told[1]
    assert math.isnan(found(NOW, log, future, champion)["live_performance"].value)
    assert found(NOW, log, future, champion)["label_coverage"].value == 1


def test_an_answer_that_comes_after_the_moment_changes_nothing(champion: Champion):
    log = asked(champion)
    later = log.assign(as_of=log["as_of"] + 30 * DAY, flight_id=log["flight_id"] + "x", probability=0.9)

    alone, both = (checks_at(NOW, rows, landed(rows), champion) for rows in (log, pd.concat([log, later])))

    assert [repr(one) for one in alone] == [repr(one) for one in both]


def test_another_models_answers_count_for_coverage_only(champion: Champion):
    log = asked(champion, probability=0.9).assign(model_version="another")

    checks = found(NOW, log, landed(log), champion)

    assert math.isnan(checks["score_drift"].value)
    assert math.isnan(checks["live_performance"].value)
    assert checks["label_coverage"].value == 0


def test_too_little_is_said_to_be_unknown_and_is_never_breached(champion: Champion):
    for days in (0, 5):
        checks = found(NOW, log := asked(champion, days=days), landed(log), champion)

        assert all(math.isnan(one.value) and not one.is_breached for one in checks.values())
        assert all("not known yet" in one.because for one in checks.values())
        assert all(one.as_json()["value"] is None for one in checks.values())


def test_a_day_without_labels_breaches_coverage_and_a_few_cancellations_do_not(champion: Champion):
    log = asked(champion)
    labels = landed(log).to_pandas()
    due = (log["as_of"] > NOW - 3 * DAY) & (log["as_of"] <= NOW - 2 * DAY)
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
    for folder, rows in (("flights", 95), ("quarantine/flights", 5)):
        storage.Partitions(tmp_path / folder).write(date(2013, 11, 4), pa.table({"x": [1] * rows}), "")

    share = quarantine_share(tmp_path, date(2013, 11, 4))
    checks = found(NOW, log, landed(log), champion, skewed, share)

    assert share == 0.05
    assert math.isnan(quarantine_share(tmp_path, date(2013, 11, 5)))
    assert checks["skew"].is_breached
    assert checks["quarantine_share"].is_breached


def test_the_diagnosis_of_the_week_says_what_kind_of_drift_it_is(champion: Champion):
    log = asked(champion, probability=0.6)

    diagnosis = diagnosis_at(NOW, log, landed(log), champion)

    assert diagnosis is not None
    assert diagnosis.costs
    assert diagnosis_at(NOW, asked(champion, days=3), landed(log), champion) is None


def test_what_was_written_is_what_a_scrape_tells(tmp_path: Path):
    written = time()
    checked.write(tmp_path, written, {"skew": (0.2, 0.001), "score_drift": (math.nan, 0.5)})

    moment, rows = checked.read(tmp_path, time())  # type: ignore[misc]

    assert moment == pytest.approx(written)
    assert rows["skew"] == (0.2, 0.001)
    assert math.isnan(rows["score_drift"][0])


def test_of_an_old_file_only_the_moment_is_told(tmp_path: Path):
    checked.write(tmp_path, time() - 3 * 86_400, {"skew": (0.2, 0.001)})

    assert checked.read(tmp_path, time())[1] == {}  # type: ignore[index]


@pytest.mark.parametrize("content", [None, "", '{"checked_at": 1', "[]", '{"checked_at": "x", "checks": {}}', "\x00"])
def test_a_file_that_is_missing_torn_or_of_another_kind_tells_nothing(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / checked.FILE).write_text(content)

    assert checked.read(tmp_path, time()) is None
    (tmp_path / checked.FILE).unlink(missing_ok=True)
    (tmp_path / checked.FILE).mkdir()
    assert checked.read(tmp_path, time()) is None
