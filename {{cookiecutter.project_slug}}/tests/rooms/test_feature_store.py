"""The online store's guards: what Feast leaves to its user, and what a kill can leave behind."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from mlsystem.contract.features import View
from mlsystem.contract.problem import OVERDUE
from mlsystem.domain import PROBLEM
from mlsystem.feature_store import definitions
from mlsystem.feature_store.online import OnlineFeatures, Stored
from mlsystem.feature_store.store import NotRegistered, open_store
from mlsystem.feature_store.store_file import StoreBusy, StoreFile
from mlsystem.serving.predictor import degradation_reasons
from mlsystem.settings import Settings, child_environment
from questions import EXPECTED, NOW, at

KEYED = next(view for view in EXPECTED if view.keys)
VALUE = next(feature.name for feature in KEYED.features if feature.type == "number")
WITH_INSTANT = next((view for view in PROBLEM.views if any(f.type == "instant" for f in view.features)), None)
TYPES = {"number": pa.float64(), "count": pa.int64(), "instant": pa.timestamp("us", tz="UTC")}


@pytest.fixture
def online(tmp_path) -> OnlineFeatures:
    return OnlineFeatures(open_store(tmp_path / "features", tmp_path / "online"))


def row(made_at: datetime, value: float, view: View = KEYED, suffix: str = "") -> pa.Table:
    """One row of the example's keys, or of others with the suffix, with the same value in every number."""
    keys = PROBLEM.entity_row(PROBLEM.example)
    values = {"number": value, "count": int(value), "instant": made_at}
    columns = {key: pa.array([keys[key] + suffix]) for key in view.join_keys}
    columns |= {"event_timestamp": pa.array([made_at], TYPES["instant"])}
    return pa.table(columns | {f.name: pa.array([values[f.type]], TYPES[f.type]) for f in view.features})


def stored(online: OnlineFeatures, as_of: datetime = NOW) -> Stored:
    """What the store knows of the example."""
    return online.lookup([at(PROBLEM.example, as_of)])[0]


def value(online: OnlineFeatures, as_of: datetime = NOW) -> float | None:
    return stored(online, as_of).values[VALUE]


def test_a_pushed_row_is_served_with_its_age(online):
    online.push(KEYED, row(NOW - timedelta(minutes=30), 9.5), NOW)

    found = stored(online)

    assert found.values[VALUE] == 9.5
    assert found.age_seconds == {KEYED.name: 1800}
    assert set(found.values) == {feature.name for feature in PROBLEM.stored_features}
    assert found.missing == tuple(view.name for view in PROBLEM.views if view is not KEYED)


def test_an_older_row_does_not_overwrite_a_newer_one(online):
    online.push(KEYED, row(NOW - timedelta(minutes=10), 2.0), NOW)

    written = online.push(KEYED, row(NOW - timedelta(minutes=20), 1.0), NOW)

    assert written == 0
    assert value(online) == 2.0


def test_of_several_rows_of_a_key_the_newest_is_written_and_each_key_is_judged_alone(online):
    online.push(KEYED, row(NOW, 5.0, suffix="x"), NOW)
    early, late = row(NOW - timedelta(minutes=20), 1.0), row(NOW - timedelta(minutes=10), 2.0)
    of_another_key = row(NOW - timedelta(minutes=10), 4.0, suffix="x")

    written = online.push(KEYED, pa.concat_tables([late, early, of_another_key]), NOW)

    assert written == 1
    assert value(online) == 2.0


def test_a_correction_of_the_same_moment_overwrites(online):
    online.push(KEYED, row(NOW, 1.0), NOW)
    online.push(KEYED, row(NOW, 2.0), NOW)

    assert value(online) == 2.0


def test_what_a_replay_of_a_later_day_left_gives_way_to_an_earlier_day(online):
    online.push(KEYED, row(NOW + timedelta(days=60), 1.0), NOW + timedelta(days=60))

    online.push(KEYED, row(NOW, 2.0), NOW)

    assert value(online) == 2.0


@pytest.mark.parametrize("view", EXPECTED, ids=lambda view: view.name)
def test_a_value_is_served_up_to_its_ttl_and_not_a_second_longer(online, view: View):
    online.push(view, row(NOW, 3.0, view), NOW)

    at_the_end, too_late = (stored(online, NOW + view.ttl + timedelta(seconds=after)) for after in (0, 1))

    name = view.features[0].name
    assert at_the_end.values[name] == 3
    assert too_late.values[name] is None
    assert too_late.stale == (view.name,)
    assert too_late.is_degraded


def test_a_row_from_after_the_moment_of_prediction_is_not_served(online):
    online.push(KEYED, row(NOW + timedelta(seconds=1), 3.0), NOW + timedelta(hours=1))

    found = stored(online)

    assert found.values[VALUE] is None
    assert KEYED.name in found.missing


def test_an_answer_is_degraded_only_by_views_that_every_question_should_have(online):
    for view in (view for view in PROBLEM.views if view.is_expected):
        assert stored(online).is_degraded
        online.push(view, row(NOW, 0.0, view), NOW)

    assert stored(online).missing == tuple(view.name for view in PROBLEM.views if not view.is_expected)
    assert not stored(online).is_degraded


@pytest.mark.parametrize("table", PROBLEM.silent_from)
def test_a_silent_source_table_degrades_an_answer_whose_views_are_all_fresh(online, table: str):
    limit = PROBLEM.silent_from[table]
    known = stored(online)
    fresh = replace(known, missing=(), values={**known.values, f"{OVERDUE}{table}": limit - 1})
    assert not fresh.is_degraded

    silent = replace(fresh, values={**fresh.values, f"{OVERDUE}{table}": limit})

    assert silent.silent == (table,)
    assert silent.is_degraded
    assert degradation_reasons(silent)[0] == f"{table} are silent: {limit} overdue"


@pytest.mark.skipif(WITH_INSTANT is None, reason="the domain stores no instant")
def test_an_instant_comes_back_as_it_went_in_and_nothing_as_nothing(online):
    moment = NOW - WITH_INSTANT.ttl / 2
    instant = next(feature.name for feature in WITH_INSTANT.features if feature.type == "instant")
    rows = row(moment, 7.0, WITH_INSTANT)
    empty = next(feature for feature in WITH_INSTANT.features if feature.type != "instant")
    place = rows.column_names.index(empty.name)
    rows = rows.set_column(place, empty.name, pa.array([None], TYPES[empty.type]))

    online.push(WITH_INSTANT, rows, NOW)

    values = stored(online).values
    assert values[instant] == moment
    assert values[empty.name] is None


def test_no_rows_are_no_push(online):
    assert online.push(KEYED, row(NOW, 1.0).slice(0, 0), NOW) == 0


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_a_registry_torn_by_a_kill_is_made_again(tmp_path, kept: float):
    store = open_store(tmp_path / "features", tmp_path / "online")
    OnlineFeatures(store).push(KEYED, row(NOW, 6.0), NOW)
    registry = tmp_path / "online/registry.db"
    registry.write_bytes(registry.read_bytes()[: int(registry.stat().st_size * kept)])

    again = OnlineFeatures(open_store(tmp_path / "features", tmp_path / "online"))

    assert value(again) == 6.0


def test_a_reader_without_a_registry_is_told_what_to_run(tmp_path):
    with pytest.raises(NotRegistered, match="run `make train` first"):
        open_store(tmp_path / "features", tmp_path / "online", register=False)


def test_every_declared_view_is_registered_with_its_features_and_ttl(tmp_path):
    registered = {view.name: definitions.feature_view(view, tmp_path) for view in PROBLEM.views}

    for view in PROBLEM.views:
        assert [field.name for field in registered[view.name].features] == [feature.name for feature in view.features]
        assert registered[view.name].ttl == view.ttl


def test_a_store_that_was_restored_from_a_copy_is_written_to(tmp_path):
    online = OnlineFeatures(open_store(tmp_path / "features", tmp_path / "online"))
    online.push(KEYED, row(NOW, 1.0), NOW)
    rows = tmp_path / "online/online.db"
    with closing(sqlite3.connect(rows)) as connection:
        connection.execute(f"VACUUM INTO '{tmp_path / 'copy.db'}'")
    (tmp_path / "copy.db").replace(rows)

    online.push(KEYED, row(NOW + timedelta(hours=1), 2.0), NOW + timedelta(hours=1))

    reader = OnlineFeatures(open_store(tmp_path / "features", tmp_path / "online", register=False))
    assert value(reader, NOW + timedelta(hours=1)) == 2.0


def test_a_store_that_another_process_holds_says_so_and_takes_the_row_when_it_is_free(online, tmp_path):
    hold = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN EXCLUSIVE'); "
    command = [sys.executable, "-c", f"{hold}print('held', flush=True); input()", str(tmp_path / "online/online.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(StoreBusy, match="held by another process"):
            online.push(KEYED, row(NOW, 1.0), NOW)
        other.communicate(b"\n")

    online.push(KEYED, row(NOW, 1.0), NOW)

    assert value(online) == 1.0


def test_a_file_that_could_not_be_opened_anew_is_tried_again(tmp_path):
    store = open_store(tmp_path / "features", tmp_path / "online")
    file, rows, tried = StoreFile(store), tmp_path / "online/online.db", []
    rows.rename(tmp_path / "old")
    rows.touch()

    def fails_at_first() -> None:
        tried.append(rows)
        if len(tried) == 1:
            raise OSError("too many open files")

    with pytest.raises(OSError, match="too many"):
        file.follow(fails_at_first)

    assert [file.follow(fails_at_first) for _ in range(2)] == [True, False]
    assert len(tried) == 2


@pytest.mark.parametrize("room", ["online", "store", "training_sets"])
def test_a_process_with_feast_counts_in_memory_unless_it_was_given_a_folder(tmp_path, room: str):
    """Feast makes one of its own in the system's folder for temporary files; a full one would end the consumer."""
    counts = f"""import mlsystem.feature_store.{room}
from prometheus_client import Counter
Counter("facts", "Facts.").inc()"""
    environment = child_environment(Settings(data_dir=tmp_path / "data"), TMPDIR=str(tmp_path))

    killed = f"{counts}\nimport os; os._exit(0)"  # at an end of its own Feast would remove them
    subprocess.run([sys.executable, "-c", killed], env=environment, check=True)

    assert list(tmp_path.rglob("*.db")) == []
