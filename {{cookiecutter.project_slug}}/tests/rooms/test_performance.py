"""Live performance: only labels that are known count, what is censored is said, every figure has its interval."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlsystem.monitoring.performance import labelled, performance, windows
from mlsystem.monitoring.resampled import intervals

NOON = datetime(2013, 11, 5, 17, tzinfo=UTC)
LANDED = NOON + timedelta(hours=3)
DAY = timedelta(days=1)


def predictions(count: int, departs_at: datetime = NOON) -> pd.DataFrame:
    moments = pd.Series([departs_at] * count).astype("datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "flight_id": [f"{departs_at:%Y-%m-%d}/UA{number}/EWR" for number in range(count)],
            "scheduled_departure_at": moments,
            "scheduled_arrival_at": moments + timedelta(hours=2),
            "model_row.carrier": 1.0,
            "probability": np.linspace(0.05, 0.95, count),
        }
    )


def arrivals(count: int, known_at: datetime = LANDED, departs_at: datetime = NOON) -> pa.Table:
    return pa.table(
        {
            "flight_id": [f"{departs_at:%Y-%m-%d}/UA{number}/EWR" for number in range(count)],
            "arrival_delay_minutes": [0 if number % 2 else 40 for number in range(count)],
            "known_at": pa.array([known_at] * count, pa.timestamp("us", "UTC")),
        }
    )


def test_a_label_counts_from_the_moment_at_which_it_is_known():
    log = predictions(100)

    before = performance(log, arrivals(100), LANDED - timedelta(minutes=1))
    after = performance(log, arrivals(100), LANDED)

    assert (before.labelled, before.metrics, before.intervals) == (0, {}, {})
    assert after.labelled == 100
    assert after.metrics["auc"] == pytest.approx(0.49)  # every late flight has the lower neighbour's probability


def test_of_labels_known_at_different_moments_only_the_known_ones_are_joined():
    early, late = arrivals(40).to_pandas(), arrivals(100, known_at=LANDED + DAY).to_pandas().iloc[40:]
    labels = pa.Table.from_pandas(pd.concat([early, late]), preserve_index=False)

    assert len(labelled(predictions(100), labels, LANDED)) == 40
    assert len(labelled(predictions(100), labels, LANDED + DAY)) == 100


def test_a_flight_in_the_air_is_not_due_and_a_cancelled_one_is_censored():
    log = predictions(100)

    in_the_air = performance(log, arrivals(90), LANDED)
    a_day_later = performance(log, arrivals(90), LANDED + DAY)

    assert (in_the_air.due, in_the_air.censored, in_the_air.coverage) == (90, 0, 1.0)
    assert (a_day_later.due, a_day_later.censored, a_day_later.coverage) == (100, 10, 0.9)
    assert a_day_later.metrics["flights"] == 90
    assert a_day_later.as_json()["censored"] == 10


def test_windows_part_the_log_by_service_date():
    later = NOON + 7 * DAY
    log = pd.concat([predictions(100), predictions(50, later)], ignore_index=True)
    labels = pa.concat_tables([arrivals(100), arrivals(50, later, later)])

    found = dict(windows(log, labels, later + DAY))

    assert {str(first): part.labelled for first, part in found.items()} == {"2013-11-05": 100, "2013-11-12": 50}


def test_one_day_has_no_interval_for_drawn_again_it_is_always_itself():
    later = NOON + DAY
    two_days = pd.concat([predictions(100), predictions(100, later)], ignore_index=True)

    assert performance(predictions(100), arrivals(100), LANDED).intervals == {}
    assert performance(two_days, pa.concat_tables([arrivals(100), arrivals(100, later, later)]), later + DAY).intervals


def test_slices_need_a_hundred_flights_and_come_with_the_rest():
    found = performance(predictions(120), arrivals(120), LANDED)

    assert [(one.by, one.flights) for one in found.slices if one.by == "carrier"] == [("carrier", 120)]


def stormy_days(days: int = 40, flights: int = 300, seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Honest probabilities of days that differ: a storm raises all of a day's flights together."""
    random = np.random.default_rng(seed)
    storm = np.repeat(random.normal(0, 0.8, days), flights)
    promised = 1 / (1 + np.exp(-(random.normal(-1.3, 1, days * flights))))
    truth = 1 / (1 + np.exp(-(np.log(promised / (1 - promised)) + storm)))
    dates = np.repeat(np.datetime64("2013-03-01") + np.arange(days), flights)
    return promised, random.random(days * flights) < truth, dates


def test_every_interval_holds_its_value_and_days_make_it_wider_than_flights_would():
    promised, is_late, dates = stormy_days()
    as_if_independent = np.datetime64("2013-03-01") + np.arange(len(dates)) % 4_000

    by_days = intervals(promised, is_late, dates, seed=1)
    by_flights = intervals(promised, is_late, as_if_independent, seed=1)

    assert all(each.low <= each.value <= each.high for each in by_days.values())
    width = {name: each.high - each.low for name, each in by_days.items()}
    assert width["gap"] > 3 * (by_flights["gap"].high - by_flights["gap"].low)
    assert width["log_loss"] > 2 * (by_flights["log_loss"].high - by_flights["log_loss"].low)


def test_an_interval_of_nine_in_ten_holds_the_truth_about_nine_times_in_ten():
    """The mean gap of such days is known from a thousand of them."""
    promised, is_late, _ = stormy_days(days=1_000, seed=0)
    truth = float((promised - is_late).mean())

    held = [intervals(*stormy_days(seed=seed), seed=seed)["gap"] for seed in range(1, 101)]

    assert 80 <= sum(each.low <= truth <= each.high for each in held) <= 98


def test_the_surplus_tells_a_hard_month_from_a_wrong_model():
    promised, is_late, dates = stormy_days()
    hard = np.full(len(dates), 0.5)
    coin = np.random.default_rng(3).random(len(dates)) < 0.5

    honest, overconfident = (
        intervals(p, y, dates, 1) for p, y in ((hard, coin), (np.where(promised > 0.2, 0.9, 0.1), is_late))
    )

    assert honest["log_loss"].value > 0.69
    assert honest["surplus"].value == pytest.approx(0, abs=1e-12)
    assert overconfident["surplus"].low > 0
