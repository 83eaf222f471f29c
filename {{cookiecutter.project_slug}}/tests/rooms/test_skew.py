"""Training-serving skew: the log replayed through the offline path shows none, and one changed constant is named."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.training_sets import historical_features
from mlsystem.features import build
from mlsystem.monitoring.skew import SkewReport, compared, skew
from mlsystem.serving import prediction_log
from planted_sql import shorten_windows
from questions import WINDOWED


@pytest.fixture(scope="module")
def log(system) -> pa.Table:
    return prediction_log.read(system.settings.predictions_dir)


def replayed(log: pa.Table, features_dir: Path, tmp_path: Path) -> SkewReport:
    store = open_store(features_dir, tmp_path / "registry")
    return skew(log, lambda rows: historical_features(store, rows))


def test_what_was_served_shows_no_skew_at_all(system, log, tmp_path: Path):
    report = replayed(log, system.settings.features_dir, tmp_path)

    assert report.rows > 200
    assert [one.name for one in report.features if one.share > 0] == []
    assert len(report.features) == len(PROBLEM.stored_features)
    assert report.is_green
    assert report.reason.endswith("no feature is over budget")


@pytest.mark.skipif(not WINDOWED, reason="the domain has no windows")
def test_one_constant_changed_offline_is_found_and_named(system, log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shorten_windows(monkeypatch, tmp_path / "sql")
    moments = log["as_of"].to_pylist()
    first, last = min(moments) - max(view.ttl for view in PROBLEM.views), max(moments)
    days = storage.day_range(first.date(), last.date())
    build.build(days, system.settings.validated_dir, tmp_path / "features")

    report = replayed(log, tmp_path / "features", tmp_path)

    skewed = [one.name for one in report.features if one.share > report.budget]
    assert not report.is_green
    assert skewed
    assert set(skewed) <= WINDOWED
    assert skewed[0] in report.reason


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
