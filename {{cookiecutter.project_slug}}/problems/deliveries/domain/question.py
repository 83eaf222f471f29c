"""What a caller says about an order, and the features that follow from it alone: one code, offline and online."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from mlsystem.contract.question import Field, Question
from mlsystem.domain.simulator import DISTRICTS, RESTAURANTS, ZONE
from mlsystem.domain.tables import COURIER

LONGEST_PROMISE = timedelta(hours=4)

FIELDS = (
    Field("order_id", "the order's number", "text", "20240620-0123", pattern=r"^[0-9]{8}-[0-9]{4}$"),
    Field("restaurant", "who cooks", "text", "r07", choices=RESTAURANTS),
    Field("district", "where it goes", "text", "wola", choices=DISTRICTS),
    Field("items", "dishes and drinks", "integer", 3, minimum=1, maximum=100),
    Field("kilometres", "the way to the customer", "number", 2.4, minimum=0.1, maximum=30),
    Field("ordered_at", "when it was placed, which is when it is asked about", "instant", "2024-06-20T17:05:42Z"),
    Field("promised_at", "when the customer expects it", "instant", "2024-06-20T17:48:00Z"),
    Field("courier", "who carries it, if that is known yet", "text", "c042", pattern=COURIER, is_optional=True),
)


@dataclass(frozen=True)
class Order(Question):
    """One order as a caller describes it, at the second in which it is placed."""

    order_id: str
    restaurant: str
    district: str
    items: int
    kilometres: float
    ordered_at: datetime
    promised_at: datetime
    courier: str | None = None

    @property
    def id(self) -> str:
        return self.order_id

    @property
    def service_date(self) -> date:
        return self.ordered_at.astimezone(ZONE).date()

    @property
    def usual_as_of(self) -> datetime:
        return self.ordered_at

    @property
    def due_at(self) -> datetime:
        return self.promised_at


def impossible(order: Order) -> str | None:
    """What contradicts itself, as a sentence."""
    if not order.ordered_at < order.promised_at <= order.ordered_at + LONGEST_PROMISE:
        minutes = (order.promised_at - order.ordered_at) / timedelta(minutes=1)
        return f"promised_at must be within 4 hours after ordered_at, not {minutes:.0f} minutes"
    if order.as_of > order.promised_at:
        return "as_of must not be after promised_at"
    return None


def request_features(order: Order) -> dict[str, Any]:
    """The features that the request alone tells."""
    wall = order.ordered_at.astimezone(ZONE)
    return {
        "restaurant": order.restaurant,
        "district": order.district,
        "items": order.items,
        "kilometres": order.kilometres,
        "minute_of_day": wall.hour * 60 + wall.minute,
        "day_of_week": wall.weekday(),
        "promised_minutes": (order.promised_at - order.ordered_at).total_seconds() / 60,
    }
