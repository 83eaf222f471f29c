"""The domain's declarations agree with its SQL and with the real year; its pure functions hold at their boundaries."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pytest

from mlsystem import storage
from mlsystem.domain import adapter, costs, label
from mlsystem.domain.calendar import HOME_TIME_ZONE, PREDICTION_LEAD
from mlsystem.domain.features import (
    DESTINATIONS,
    MODEL_FEATURES,
    REQUEST_FEATURES,
    SILENCED,
    SILENT_FROM,
    SOURCE_TABLES,
    SOURCES,
    STORED_FEATURES,
    VIEWS,
)
from mlsystem.domain.request import MODEL_COLUMNS, Flight, model_row, request_features, silent_tables
from mlsystem.domain.tables import CARRIERS, EVENT_TABLES, ORIGINS
from mlsystem.source.deliver import read_year

NEW_YORK = ZoneInfo("America/New_York")


def flight(departs: datetime, minutes: int = 90, **changes) -> Flight:
    said = {"carrier": "AA", "origin": "JFK", "destination": "BOS", "tail_number": "N1"} | changes
    return Flight(scheduled_departure_at=departs, scheduled_arrival_at=departs + timedelta(minutes=minutes), **said)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_declares_exactly_the_columns_that_its_sql_computes(view, featured):
    rows = storage.Partitions(featured.settings.features_dir / view.name).read([datetime(2013, 7, 9).date()])

    assert sorted(rows.column_names) == sorted([*view.keys, "event_timestamp", *(f.name for f in view.features)])


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_stored_value_of_the_real_year_is_in_its_declared_range(view, featured):
    rows = storage.Partitions(featured.settings.features_dir / view.name).read()

    outside = {}
    for feature in view.features:
        if feature.type != "instant":
            bounds = pc.min_max(rows[feature.name]).as_py()
            if not feature.minimum <= bounds["min"] <= bounds["max"] <= feature.maximum:
                outside[feature.name] = bounds
    assert outside == {}


def test_a_key_and_moment_has_one_row(featured):
    for view in VIEWS:
        rows = storage.Partitions(featured.settings.features_dir / view.name).read()
        keys = [*view.keys, "event_timestamp"]
        assert rows.group_by(keys).aggregate([]).num_rows == rows.num_rows


def test_every_request_feature_of_the_real_year_is_in_its_declared_range_and_categories():
    flights = read_year()["flights"]
    block = next(feature for feature in REQUEST_FEATURES if feature.name == "scheduled_block_minutes")

    bounds = pc.min_max(flights["scheduled_block_minutes"]).as_py()

    assert block.minimum <= bounds["min"] <= bounds["max"] <= block.maximum
    assert set(flights["carrier"].unique().to_pylist()) == set(CARRIERS)
    assert set(flights["origin"].unique().to_pylist()) == set(ORIGINS)
    assert set(flights["destination"].unique().to_pylist()) == set(DESTINATIONS)


def test_names_are_declared_once():
    names = [feature.name for feature in (*REQUEST_FEATURES, *STORED_FEATURES)]

    assert len(set(names)) == len(names)
    assert set(MODEL_COLUMNS) == set(names) - {"previous_leg_at", *(feature.name for feature in SOURCES.features)}
    assert len(MODEL_FEATURES) == len(MODEL_COLUMNS) == 39
    assert len({table.name for table in EVENT_TABLES}) == len(EVENT_TABLES)
    for table in EVENT_TABLES:
        assert adapter.sql(f"source_{table.name}").startswith(f"-- {table.name}: one row per ")


@pytest.mark.parametrize(("minutes", "is_late"), [(-30, False), (14, False), (15, True), (600, True)])
def test_late_is_fifteen_minutes_or_more(minutes: int, is_late: bool):
    assert label.is_late(minutes) is is_late


def test_the_threshold_is_where_a_warning_and_silence_cost_the_same():
    at = costs.WARN_ABOVE

    warn, stay_silent = (
        at * costs.cost_cents(warned, True) + (1 - at) * costs.cost_cents(warned, False) for warned in (True, False)
    )
    assert warn == pytest.approx(stay_silent)
    assert not costs.decide(at)
    assert costs.decide(math.nextafter(at, 1))
    assert not costs.decide(math.nan)


def test_a_flight_costs_its_warning_or_its_surprise():
    money = {(warned, late): costs.cost_cents(warned, late) for warned in (True, False) for late in (True, False)}

    assert money == {(True, True): 1_500, (True, False): 1_500, (False, True): 5_000, (False, False): 0}


def test_all_four_cells_move_the_threshold():
    """A warning that helps more where a delay follows is given earlier; one that costs nothing is always given."""
    kinder = dict(costs.COSTS_CENTS) | {(True, True): 500}
    free = dict(costs.COSTS_CENTS) | {(True, False): 0}
    useless = dict(costs.COSTS_CENTS) | {(True, True): 5_000}

    assert costs.warn_above(kinder) == pytest.approx(1_500 / (1_500 + 4_500))
    assert (costs.warn_above(free), costs.warn_above(useless)) == (0.0, 1.0)
    assert costs.warn_above(costs.scaled(2, 2)) == costs.WARN_ABOVE


@pytest.mark.parametrize(
    ("departs", "minute_of_day", "day_of_week"),
    [
        (datetime(2013, 7, 9, 4, 0, tzinfo=UTC), 0, 1),  # midnight of Tuesday in New York, summer time
        (datetime(2013, 7, 9, 3, 59, tzinfo=UTC), 1_439, 0),
        (datetime(2013, 3, 10, 6, 59, tzinfo=UTC), 119, 6),  # the minute before the clock is put forward
        (datetime(2013, 3, 10, 7, 0, tzinfo=UTC), 180, 6),
        (datetime(2013, 11, 3, 5, 30, tzinfo=UTC), 90, 6),  # half past one, for the first time
        (datetime(2013, 11, 3, 6, 30, tzinfo=UTC), 90, 6),  # and again
        (datetime(2013, 7, 9, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo")), 1_380, 0),
    ],
)
def test_a_departure_is_on_new_yorks_clock_whatever_zone_the_caller_used(departs, minute_of_day, day_of_week):
    features = request_features(flight(departs), {})

    assert (features["departure_minute_of_day"], features["departure_day_of_week"]) == (minute_of_day, day_of_week)
    assert features["scheduled_block_minutes"] == 90


def test_the_age_of_the_previous_leg_counts_up_to_the_moment_of_prediction():
    departs = datetime(2013, 7, 9, 12, tzinfo=HOME_TIME_ZONE)
    asked = flight(departs)

    assert asked.as_of == departs - PREDICTION_LEAD
    assert request_features(asked, {"previous_leg_at": asked.as_of})["previous_leg_age"] == 0
    assert request_features(asked, {"previous_leg_at": asked.as_of - timedelta(minutes=90)})["previous_leg_age"] == 1.5
    assert request_features(asked, {})["previous_leg_age"] is None


def test_a_model_row_has_a_number_or_nan_for_every_column():
    asked = flight(datetime(2013, 7, 9, 12, tzinfo=UTC), carrier="ZZ", destination="XXX", tail_number=None)

    row = dict(zip(MODEL_COLUMNS, model_row(asked, {"origin_backlog": 7, "previous_leg_at": None}), strict=True))

    assert row["origin"] == ORIGINS.index("JFK")
    assert row["origin_backlog"] == 7.0
    assert all(math.isnan(row[name]) for name in ("carrier", "destination", "weather_pressure", "previous_leg_age"))
    assert asked.entity_row["tail_number"] == "unknown"


EVERYTHING = {feature.name: 1 for feature in STORED_FEATURES if feature.type != "instant"}
HEARD = dict.fromkeys((feature.name for feature in SOURCES.features), 0)


@pytest.mark.parametrize("table", SOURCE_TABLES)
def test_what_a_silent_table_makes_is_missing_and_nothing_else_is(table: str):
    asked = flight(datetime(2013, 7, 9, 12, tzinfo=UTC))
    known = EVERYTHING | HEARD | {"previous_leg_at": asked.as_of}
    silent = known | {f"overdue_{table}": SILENT_FROM[table]}
    almost = known | {f"overdue_{table}": SILENT_FROM[table] - 1}

    row = dict(zip(MODEL_COLUMNS, model_row(asked, silent), strict=True))

    gone = {name for name, value in row.items() if math.isnan(value)}
    assert gone == {"previous_leg_age" if name == "previous_leg_at" else name for name in SILENCED[table]}
    assert not any(math.isnan(value) for value in model_row(asked, almost))
    assert silent_tables(silent) == (table,)
    assert silent_tables({}) == ()  # nothing known of the tables: the view is missing, and expected


def test_every_stored_input_is_made_from_source_tables_that_are_watched():
    made = {feature.name for view in VIEWS if view.is_input for feature in view.features}

    assert made == {name for names in SILENCED.values() for name in names}
    assert all(SILENT_FROM[name] > 0 for name in SOURCE_TABLES)
    assert {table for view in VIEWS for table in view.tables} == set(SOURCE_TABLES)
