"""The domain's own sentences: Warsaw's clock, the label at its boundary, the money of four cells."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mlsystem.domain import PROBLEM
from mlsystem.domain.question import Order


def order(placed: datetime, minutes: int = 40, **changes) -> Order:  # type: ignore[no-untyped-def]
    said = {"order_id": "20240620-0001", "restaurant": "r01", "district": "wola", "items": 2, "kilometres": 2.0}
    return Order(ordered_at=placed, promised_at=placed + timedelta(minutes=minutes), **said | changes)


@pytest.mark.parametrize(("seconds", "label"), [(-600, False), (899, False), (900, True), (7_200, True)])
def test_late_is_fifteen_minutes_after_the_promise_or_more(seconds: int, label: bool):
    assert PROBLEM.label.is_true(seconds) is label


@pytest.mark.parametrize(
    ("placed", "minute_of_day", "day_of_week"),
    [
        (datetime(2024, 6, 20, 22, 0, tzinfo=UTC), 0, 4),  # midnight of Friday in Warsaw, summer time
        (datetime(2024, 6, 20, 21, 59, 59, tzinfo=UTC), 1_439, 3),
        (datetime(2024, 3, 31, 0, 59, tzinfo=UTC), 119, 6),  # the minute before the clock is put forward
        (datetime(2024, 3, 31, 1, 0, tzinfo=UTC), 180, 6),
        (datetime(2024, 1, 10, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo")), 240, 2),
    ],
)
def test_an_order_is_on_warsaws_clock_whatever_zone_the_caller_used(placed, minute_of_day, day_of_week):
    requested = PROBLEM.requested(order(placed), {})

    assert (requested["minute_of_day"], requested["day_of_week"]) == (minute_of_day, day_of_week)
    assert requested["promised_minutes"] == 40


def test_it_is_asked_when_it_is_placed_and_due_at_its_promise():
    asked = order(datetime(2024, 6, 20, 17, 5, 42, tzinfo=UTC))

    assert asked.as_of == asked.ordered_at
    assert asked.due_at == asked.promised_at
    assert PROBLEM.impossible(asked) is None
    assert "within 4 hours" in str(PROBLEM.impossible(order(asked.ordered_at, 241)))
    assert "within 4 hours" in str(PROBLEM.impossible(order(asked.ordered_at, 0)))


def test_the_four_cells_of_money_and_the_threshold_where_both_decisions_cost_the_same():
    cents = {(acted, late): PROBLEM.costs.of(acted, late) for acted in (True, False) for late in (True, False)}
    at = PROBLEM.costs.act_above

    assert cents == {(True, True): 300, (True, False): 60, (False, True): 840, (False, False): 0}
    assert at == pytest.approx(60 / (60 + 540))
    voucher, none = (at * cents[acted, True] + (1 - at) * cents[acted, False] for acted in (True, False))
    assert voucher == pytest.approx(none)
