"""The online store's guards: what Feast leaves to its user, and what a kill can leave behind."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from mlsystem.domain.features import AIRCRAFT, SILENT_FROM, STORED_FEATURES, VIEWS, WEATHER
from mlsystem.domain.request import Flight
from mlsystem.feature_store import definitions
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.replaced import StoreFile
from mlsystem.feature_store.store import NotRegistered, open_store
from mlsystem.serving.predictor import because
from mlsystem.settings import Settings, child_environment

NOON = datetime(2013, 6, 3, 12, tzinfo=UTC)
FLIGHT = Flight("AA", "JFK", "LAX", NOON + timedelta(hours=2), NOON + timedelta(hours=8), "N1")


@pytest.fixture
def online(tmp_path) -> OnlineFeatures:
    return OnlineFeatures(open_store(tmp_path / "features", tmp_path / "online"))


def weather(at: datetime, wind: float, origin: str = "JFK") -> pa.Table:
    values = {feature.name: [wind] for feature in WEATHER.features}
    return pa.table({"origin": [origin], "event_timestamp": pa.array([at], pa.timestamp("us", tz="UTC"))} | values)


def wind(online: OnlineFeatures, as_of: datetime = NOON):
    return online.lookup([FLIGHT], [as_of])[0].values["weather_wind_speed"]


def test_a_pushed_row_is_served_with_its_age(online):
    online.push(WEATHER, weather(NOON - timedelta(minutes=30), 9.5), NOON)

    (stored,) = online.lookup([FLIGHT], [NOON])

    assert stored.values["weather_wind_speed"] == 9.5
    assert stored.age_seconds == {"weather": 1800}
    assert set(stored.values) == {feature.name for feature in STORED_FEATURES}
    assert stored.missing == ("origin", "carrier_origin", "destination", "aircraft", "sources")


def test_an_older_row_does_not_overwrite_a_newer_one(online):
    online.push(WEATHER, weather(NOON - timedelta(hours=1), 2.0), NOON)

    written = online.push(WEATHER, weather(NOON - timedelta(hours=2), 1.0), NOON)

    assert written == 0
    assert wind(online) == 2.0


def test_of_several_rows_of_a_key_the_newest_is_written_and_each_key_is_judged_alone(online):
    online.push(WEATHER, weather(NOON, 5.0, "EWR"), NOON)
    early, late = weather(NOON - timedelta(hours=2), 1.0), weather(NOON - timedelta(hours=1), 2.0)

    written = online.push(
        WEATHER, pa.concat_tables([late, early, weather(NOON - timedelta(hours=1), 4.0, "EWR")]), NOON
    )

    assert written == 1
    assert wind(online) == 2.0


def test_a_correction_of_the_same_moment_overwrites(online):
    online.push(WEATHER, weather(NOON, 1.0), NOON)
    online.push(WEATHER, weather(NOON, 2.0), NOON)

    assert wind(online) == 2.0


def test_what_a_replay_of_a_later_day_left_gives_way_to_an_earlier_day(online):
    online.push(WEATHER, weather(NOON + timedelta(days=60), 1.0), NOON + timedelta(days=60))

    online.push(WEATHER, weather(NOON, 2.0), NOON)

    assert wind(online) == 2.0


def test_a_value_is_served_up_to_its_ttl_and_not_a_second_longer(online):
    online.push(WEATHER, weather(NOON, 3.0), NOON)

    at_the_end = online.lookup([FLIGHT], [NOON + WEATHER.ttl])[0]
    too_late = online.lookup([FLIGHT], [NOON + WEATHER.ttl + timedelta(seconds=1)])[0]

    assert at_the_end.values["weather_wind_speed"] == 3.0
    assert too_late.values["weather_wind_speed"] is None
    assert too_late.stale == ("weather",)
    assert too_late.is_degraded


def test_a_row_from_after_the_moment_of_prediction_is_not_served(online):
    online.push(WEATHER, weather(NOON + timedelta(seconds=1), 3.0), NOON + timedelta(hours=1))

    (stored,) = online.lookup([FLIGHT], [NOON])

    assert stored.values["weather_wind_speed"] is None
    assert "weather" in stored.missing


def test_an_answer_is_degraded_only_by_views_that_every_flight_should_have(online):
    moment = {"event_timestamp": pa.array([NOON], pa.timestamp("us", tz="UTC"))}
    for view in (view for view in VIEWS if view.is_expected):
        assert online.lookup([FLIGHT], [NOON])[0].is_degraded
        keys = {key: [FLIGHT.entity_row[key]] for key in view.keys}
        numbers = {feature.name: [1.0 if feature.type == "number" else 1] for feature in view.features}
        online.push(view, pa.table(keys | moment | numbers), NOON)

    assert online.lookup([FLIGHT], [NOON])[0].missing == ("aircraft",)
    assert not online.lookup([FLIGHT], [NOON])[0].is_degraded


def test_a_silent_source_table_degrades_an_answer_whose_views_are_all_fresh(online):
    (stored,) = online.lookup([FLIGHT], [NOON])
    fresh = replace(stored, missing=(), values={**stored.values, "overdue_arrivals": SILENT_FROM["arrivals"] - 1})
    assert not fresh.is_degraded

    silent = replace(fresh, values={**fresh.values, "overdue_arrivals": SILENT_FROM["arrivals"]})

    assert silent.silent == ("arrivals",)
    assert silent.is_degraded
    assert because(silent)[0] == "arrivals are silent: 25 overdue"


def test_an_instant_comes_back_as_it_went_in(online):
    landed = NOON - timedelta(hours=5)
    moments = {
        name: pa.array([landed], pa.timestamp("us", tz="UTC")) for name in ("event_timestamp", "previous_leg_at")
    }
    rest = {"previous_leg_delay": [7.0], "previous_leg_is_landed": [1], "aircraft_seats": [None]}
    rest["aircraft_seats"] = pa.array([None], pa.int64())

    online.push(AIRCRAFT, pa.table({"tail_number": ["N1"]} | moments | rest), NOON)

    values = online.lookup([FLIGHT], [NOON])[0].values
    assert values["previous_leg_at"] == landed
    assert values["aircraft_seats"] is None


def test_no_rows_are_no_push(online):
    assert online.push(WEATHER, weather(NOON, 1.0).slice(0, 0), NOON) == 0


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_a_registry_torn_by_a_kill_is_made_again(tmp_path, kept: float):
    store = open_store(tmp_path / "features", tmp_path / "online")
    OnlineFeatures(store).push(WEATHER, weather(NOON, 6.0), NOON)
    registry = tmp_path / "online/registry.db"
    registry.write_bytes(registry.read_bytes()[: int(registry.stat().st_size * kept)])

    again = OnlineFeatures(open_store(tmp_path / "features", tmp_path / "online"))

    assert wind(again) == 6.0


def test_a_reader_without_a_registry_is_told_what_to_run(tmp_path):
    with pytest.raises(NotRegistered, match="run `make train` first"):
        open_store(tmp_path / "features", tmp_path / "online", register=False)


def test_every_declared_view_is_registered_with_its_features_and_ttl(tmp_path):
    registered = {view.name: definitions.feature_view(view, tmp_path) for view in VIEWS}

    for view in VIEWS:
        assert [field.name for field in registered[view.name].features] == [feature.name for feature in view.features]
        assert registered[view.name].ttl == view.ttl


def test_a_store_that_was_restored_from_a_copy_is_written_to(tmp_path):
    online = OnlineFeatures(open_store(tmp_path / "features", tmp_path / "online"))
    online.push(WEATHER, weather(NOON, 1.0), NOON)
    rows = tmp_path / "online/online.db"
    with closing(sqlite3.connect(rows)) as connection:
        connection.execute(f"VACUUM INTO '{tmp_path / 'copy.db'}'")
    (tmp_path / "copy.db").replace(rows)

    online.push(WEATHER, weather(NOON + timedelta(hours=1), 2.0), NOON + timedelta(hours=1))

    reader = OnlineFeatures(open_store(tmp_path / "features", tmp_path / "online", register=False))
    assert reader.lookup([FLIGHT], [NOON + timedelta(hours=1)])[0].values["weather_wind_speed"] == 2.0


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
