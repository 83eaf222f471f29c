"""Training-serving skew: the log replayed through the offline path shows none, and one changed constant is named."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mlsystem.domain import adapter
from mlsystem.domain.features import STORED_FEATURES
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.training_sets import historical_features
from mlsystem.features import build
from mlsystem.monitoring.skew import SkewReport, compared, skew
from mlsystem.serving import prediction_log


@pytest.fixture(scope="module")
def log(system) -> pa.Table:
    return prediction_log.read(system.settings.predictions_dir)


def replayed(log: pa.Table, features_dir: Path, tmp_path: Path) -> SkewReport:
    store = open_store(features_dir, tmp_path / "registry")
    return skew(log, lambda rows: historical_features(store, rows))


def test_what_was_served_shows_no_skew_at_all(system, log, tmp_path: Path):
    report = replayed(log, system.settings.features_dir, tmp_path)

    assert report.rows > 500
    assert [one.name for one in report.features if one.share > 0] == []
    assert len(report.features) == len(STORED_FEATURES)
    assert report.is_green
    assert report.because.endswith("no feature is over budget")


def test_one_constant_changed_offline_is_found_and_named(system, log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    honest = adapter.sql
    monkeypatch.setattr(adapter, "sql", lambda name: honest(name).replace("delay_minutes >= 15", "delay_minutes >= 16"))
    day: date = min(log["as_of"].to_pylist()).date()
    days = [day + timedelta(days=offset) for offset in range(-3, 2)]
    build.build(days, system.settings.validated_dir, tmp_path / "features")

    report = replayed(log, tmp_path / "features", tmp_path)

    skewed = [one.name for one in report.features if one.share > report.budget and "late_share" in one.name]
    assert not report.is_green
    assert "origin_late_share_24h" in skewed
    assert "late_share" in report.because


def test_a_value_missing_on_one_side_is_skew_and_on_both_sides_is_none():
    missing, there = np.array([np.nan] * 1_000), np.ones(1_000)

    assert compared({"a": missing}, {"a": missing}).is_green
    assert compared({"a": there}, {"a": missing}).worst.share == 1


def test_the_budget_is_kept_at_one_in_a_thousand_and_broken_above():
    offline = np.zeros(10_000)
    ten, eleven = (np.where(np.arange(10_000) < count, 1.0, 0.0) for count in (10, 11))

    assert compared({"a": ten}, {"a": offline}).is_green
    assert not compared({"a": eleven}, {"a": offline}).is_green


def test_too_few_rows_are_not_green():
    assert not compared({"a": np.zeros(199)}, {"a": np.zeros(199)}).is_green


def test_degraded_answers_are_left_out(log):
    degraded = log.set_column(log.column_names.index("degraded"), "degraded", pa.array([True] * log.num_rows))

    report = skew(degraded, lambda rows: rows)

    assert report.rows == 0
    assert not report.is_green
