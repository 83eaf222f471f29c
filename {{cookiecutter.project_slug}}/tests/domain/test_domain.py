"""What the flights' declarations say: fifteen minutes, New York's clock, what a warning and a surprise cost."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.domain.features import DESTINATIONS, SOURCE_TABLES
from mlsystem.domain.label import is_late
from mlsystem.domain.question import LEAD, Flight, request_features
from mlsystem.domain.tables import CARRIERS, ORIGINS
from mlsystem.source.deliver import read_year


def flight(departs: datetime, minutes: int = 90, **changes) -> Flight:
    said = {"carrier": "AA", "flight_number": 1, "origin": "JFK", "destination": "BOS", "tail_number": "N1"} | changes
    return Flight(scheduled_departure_at=departs, scheduled_arrival_at=departs + timedelta(minutes=minutes), **said)


def test_every_category_is_one_of_the_real_year():
    flights = read_year()["flights"]

    assert set(flights["carrier"].unique().to_pylist()) == set(CARRIERS)
    assert set(flights["origin"].unique().to_pylist()) == set(ORIGINS)
    assert set(flights["destination"].unique().to_pylist()) == set(DESTINATIONS)


def test_a_block_of_the_real_year_is_in_its_declared_range():
    block = PROBLEM.model_feature["scheduled_block_minutes"]

    bounds = pc.min_max(read_year()["flights"]["scheduled_block_minutes"]).as_py()

    assert block.minimum <= bounds["min"] <= bounds["max"] <= block.maximum


def test_a_model_sees_39_columns_and_five_tables_are_watched():
    assert len(PROBLEM.model_columns) == 39
    assert set(PROBLEM.silent_from) == set(SOURCE_TABLES)


@pytest.mark.parametrize(("minutes", "label"), [(-30, False), (14, False), (15, True), (600, True)])
def test_late_is_fifteen_minutes_or_more(minutes: int, label: bool):
    assert PROBLEM.label.is_true(minutes) is is_late(minutes) is label


def test_a_flight_costs_its_warning_or_its_surprise():
    money = {(warned, late): PROBLEM.costs.of(warned, late) for warned in (True, False) for late in (True, False)}

    assert money == {(True, True): 1_500, (True, False): 1_500, (False, True): 5_000, (False, False): 0}
    assert PROBLEM.costs.act_above == pytest.approx(0.3)


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
    features = request_features(flight(departs))

    assert (features["departure_minute_of_day"], features["departure_day_of_week"]) == (minute_of_day, day_of_week)
    assert features["scheduled_block_minutes"] == 90


def test_the_age_of_the_previous_leg_counts_up_to_two_hours_before_departure():
    departs = datetime(2013, 7, 9, 12, tzinfo=PROBLEM.zone)
    asked = flight(departs)
    news = {"previous_leg_at": asked.as_of - timedelta(minutes=90)}

    assert asked.as_of == departs - LEAD == departs - timedelta(hours=2)
    assert PROBLEM.requested(asked, news)["previous_leg_age"] == 1.5
    assert PROBLEM.requested(asked, {})["previous_leg_age"] is None


def test_an_unknown_carrier_destination_and_aircraft_leave_the_rest_of_the_row():
    asked = flight(datetime(2013, 7, 9, 12, tzinfo=UTC), carrier="ZZ", destination="XXX", tail_number=None)

    row = dict(zip(PROBLEM.model_columns, PROBLEM.model_row(asked, {"origin_backlog": 7}), strict=True))

    assert row["origin"] == ORIGINS.index("JFK")
    assert row["origin_backlog"] == 7.0
    assert {name for name in ("carrier", "destination", "weather_pressure") if row[name] == row[name]} == set()
    assert PROBLEM.entity_row(asked)["tail_number"] == "unknown"
