"""The point-in-time join: rows in are rows out in their order, values live as long as their TTL, on any clock."""

import os
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pandas as pd
import pytest

from mlsystem import storage
from mlsystem.contract.features import View
from mlsystem.domain import PROBLEM
from mlsystem.feature_store import training_sets
from mlsystem.feature_store.store import open_store
from mlsystem.settings import ROOT
from questions import DAY, NOW, clock_changes

STORED = [feature.name for feature in PROBLEM.stored_features]
KEYED = [feature.name for view in PROBLEM.views if view.keys for feature in view.features]
LEFT_OUT = {key for view in PROBLEM.views if view.name in PROBLEM.optional_views for key in view.keys}


@pytest.fixture(scope="module")
def store(featured, tmp_path_factory: pytest.TempPathFactory):
    return open_store(featured.settings.features_dir, tmp_path_factory.mktemp("online"))


def rows_of(featured, number: int) -> pd.DataFrame:
    """Real questions of the whole data, with their `as_of`."""
    chance = random.Random(3)
    days = chance.sample(storage.day_range(PROBLEM.first_day, PROBLEM.last_day), 12)
    rows = storage.Partitions(featured.settings.validated_dir / PROBLEM.asked_of).read(sorted(days)).to_pandas()
    return training_sets.with_as_of(rows.sample(number, random_state=3))


def asked(at: datetime = NOW, **keys: Any) -> dict[str, Any]:
    return PROBLEM.entity_row(PROBLEM.example) | keys | {"event_timestamp": pd.Timestamp(at).tz_convert("UTC")}


def test_rows_in_are_rows_out_in_their_order(store):
    optional = sorted(LEFT_OUT)
    skipped = datetime.combine((clock_changes() or [DAY])[0], time(2, 30), PROBLEM.zone)  # in spring there is none
    rows = pd.DataFrame(
        [
            asked(),
            asked(),  # the same again: two questions with the same keys at one moment
            asked(**dict.fromkeys(optional)),
            asked(**dict.fromkeys(optional, float("nan"))),
            asked(**dict.fromkeys(PROBLEM.keys, "none such")),
            asked(datetime.combine(PROBLEM.first_day - timedelta(days=30), time(), UTC)),  # before any data
            asked(datetime.combine(PROBLEM.last_day + timedelta(days=2_000), time(), UTC)),  # long after
            asked(NOW + timedelta(microseconds=123_456)),
            asked(skipped),
        ]
    ).assign(number=range(9))

    joined = training_sets.historical_features(store, rows)

    assert joined["number"].tolist() == list(range(9))
    assert joined.loc[0, STORED].equals(joined.loc[1, STORED].rename(0))
    assert joined.loc[[5, 6], STORED].isna().all(axis=None)
    assert joined.loc[4, KEYED].isna().all()
    for view in PROBLEM.views:
        names = [feature.name for feature in view.features]
        if view.name in PROBLEM.optional_views:
            assert joined.loc[[2, 3], names].isna().all(axis=None)
        elif view.is_expected:
            assert joined.loc[0, names].notna().any()
            assert joined.loc[2, names].equals(joined.loc[0, names].rename(2))
            assert joined.loc[3, names].equals(joined.loc[0, names].rename(3))


def test_a_store_that_loses_rows_is_refused(store, monkeypatch: pytest.MonkeyPatch):
    honest = type(store).get_historical_features

    class Losing:
        def __init__(self, job) -> None:  # type: ignore[no-untyped-def]
            self.job = job

        def to_df(self) -> pd.DataFrame:
            return self.job.to_df().iloc[1:]

    monkeypatch.setattr(type(store), "get_historical_features", lambda *given: Losing(honest(*given)))

    with pytest.raises(training_sets.RowsLost, match="1 keys and moments in, 0 out"):
        training_sets.historical_features(store, pd.DataFrame([asked()]))


def two_last_rows(featured) -> tuple[View, pd.DataFrame]:
    """Of some key of a view, its last two rows of the data, which differ and are not further apart than the TTL."""
    days = storage.day_range(PROBLEM.last_day - timedelta(days=3), PROBLEM.last_day + timedelta(days=1))
    for view in sorted((view for view in PROBLEM.views if view.keys), key=lambda view: view.refresh is not None):
        names = [feature.name for feature in view.features]
        rows = storage.Partitions(featured.settings.features_dir / view.name).read(days).to_pandas()
        for _, of_key in rows.groupby([*view.keys]):
            last = of_key.sort_values("event_timestamp").tail(2)
            gap = last["event_timestamp"].diff().iloc[-1]
            if len(last) == 2 and gap < view.ttl and not last[names].iloc[0].equals(last[names].iloc[1]):
                return view, last
    raise AssertionError("no key of any view has two rows that differ")


def test_a_value_lives_exactly_as_long_as_its_ttl(store, featured):
    view, rows = two_last_rows(featured)
    names, moment = [feature.name for feature in view.features], rows["event_timestamp"].iloc[1]
    second = timedelta(seconds=1)
    moments = [moment, moment + view.ttl, moment + view.ttl + second, moment - second]
    keys = {key: rows[key].iloc[1] for key in view.keys}

    joined = training_sets.historical_features(store, pd.DataFrame([asked(at, **keys) for at in moments]))

    before, last = (as_list(rows[names], place) for place in range(2))
    assert [as_list(joined[names], place) for place in range(4)] == [last, last, [None] * len(names), before]


def as_list(rows: pd.DataFrame, place: int) -> list:
    return [None if pd.isna(value) else value for value in rows.iloc[place].astype(object)]


def test_a_machine_on_another_clock_gets_the_same_training_rows(store, featured, tmp_path):
    rows = rows_of(featured, 40)
    here = training_sets.model_matrix(training_sets.historical_features(store, rows))
    script = f"""
import sys; sys.path[:0] = ["src", "tests"]
from pathlib import Path
import pandas as pd
from mlsystem.feature_store import training_sets
from mlsystem.feature_store.store import open_store
rows = pd.read_parquet({str(tmp_path / "rows.parquet")!r})
store = open_store(Path({str(featured.settings.features_dir)!r}), Path({str(tmp_path)!r}))
matrix = training_sets.model_matrix(training_sets.historical_features(store, rows))
matrix.to_parquet({str(tmp_path / "there.parquet")!r})
"""
    rows.to_parquet(tmp_path / "rows.parquet")

    environment = os.environ | {"TZ": "America/St_Johns"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, env=environment, check=True, timeout=120)

    there = pd.read_parquet(tmp_path / "there.parquet")
    pd.testing.assert_frame_equal(there, here)
    assert here.notna().mean().mean() > 0.8


def test_a_domain_without_stored_instants_has_a_matrix_too(store, featured, monkeypatch: pytest.MonkeyPatch):
    rows = training_sets.historical_features(store, rows_of(featured, 40))
    views = [
        replace(view, features=tuple(one for one in view.features if one.type != "instant")) for view in PROBLEM.views
    ]
    requested = tuple(one for one in PROBLEM.request_features if not one.age_of)
    plain = replace(PROBLEM, views=tuple(views), request_features=requested)
    monkeypatch.setattr(training_sets, "PROBLEM", plain)

    matrix = training_sets.model_matrix(rows)

    assert plain.instants == ()
    assert list(matrix.columns) == list(plain.model_columns)
    assert len(matrix) == len(rows)
