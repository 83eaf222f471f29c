"""Every feature, declared once: what it means, its unit, its window, when it is known, its range.

Stored features are computed by one SQL text per view (sql/<view>.sql) and live in the feature store. Those of the
request are computed by one Python function (question.py), in training and in serving alike.
"""

from dataclasses import replace
from datetime import timedelta

from mlsystem.contract.features import Feature, View
from mlsystem.domain.simulator import DISTRICTS, RESTAURANTS

HOURS = 6 * 3600  # seconds
WATCHED = ("orders", "pickups", "handovers", "weather")


def _wait(hours: int) -> Feature:
    return Feature(
        f"restaurant_wait_{hours}h",
        "from order to pickup at the restaurant, mean",
        "seconds",
        0,
        HOURS,
        window_hours=hours,
        tables=("pickups",),
    )


def _lateness(of: str, hours: int) -> tuple[Feature, Feature]:
    lateness = Feature(f"{of}_lateness_{hours}h", f"after the promise, mean, by {of}", "seconds", -HOURS, HOURS)
    late_share = Feature(f"{of}_late_share_{hours}h", f"15 or more minutes late, by {of}", "share")
    return (
        replace(lateness, window_hours=hours, tables=("handovers",)),
        replace(late_share, window_hours=hours, tables=("handovers",)),
    )


CITY = View(
    "city",
    (),
    "the last rain that was measured, of the whole city",
    "ten minutes after its half hour began",
    ("weather",),
    (Feature("rain", "rain", "millimetres an hour", 0, 150),),
    ttl=timedelta(hours=2),
    refresh=None,
    is_expected=True,
)
RESTAURANT = View(
    "restaurant",
    ("restaurant",),
    "how long a restaurant lets one wait, and how late its orders come",
    "each pickup and each handover when it happens",
    ("pickups", "handovers"),
    (
        *(_wait(hours) for hours in (1, 24, 168)),
        *(feature for hours in (24, 168) for feature in _lateness("restaurant", hours)),
    ),
    ttl=timedelta(hours=1),
    refresh=timedelta(minutes=30),
    is_expected=True,
)
DISTRICT = View(
    "district",
    ("district",),
    "how late orders reach a district",
    "each handover when it happens",
    ("handovers",),
    tuple(feature for hours in (2, 24, 168) for feature in _lateness("district", hours)),
    ttl=timedelta(hours=2),
    refresh=timedelta(minutes=15),
    is_expected=True,
)
COURIER = View(
    "courier",
    ("courier",),
    "how the courier's last order went",
    "when it is handed over",
    ("handovers",),
    (
        Feature("last_lateness", "after the promise, of the courier's last order", "seconds", -HOURS, HOURS),
        Feature("last_handover_at", "when that was", "UTC instant", type="instant"),
    ),
    ttl=timedelta(hours=48),
    refresh=None,
    is_expected=False,
)
FEEDS = View(
    "feeds",
    (),
    "how many facts of each table should have come since its last one",
    "each fact when it comes; when it is due, from the orders that were placed",
    WATCHED,
    tuple(Feature(f"overdue_{name}", f"overdue facts of {name}", "facts", 0, 100, "count") for name in WATCHED),
    ttl=timedelta(hours=1),
    refresh=timedelta(minutes=15),
    is_expected=True,
    is_input=False,
)
VIEWS = (CITY, RESTAURANT, DISTRICT, COURIER, FEEDS)

REQUEST_FEATURES = (
    Feature("restaurant", "who cooks", "code", type="category", categories=RESTAURANTS),
    Feature("district", "where it goes", "code", type="category", categories=DISTRICTS),
    Feature("items", "dishes and drinks", "items", 1, 100, "count"),
    Feature("kilometres", "the way to the customer", "kilometres", 0, 30),
    Feature("minute_of_day", "on Warsaw's clock", "minutes", 0, 1_439),
    Feature("day_of_week", "Monday is 0, on Warsaw's calendar", "day", 0, 6, "count"),
    Feature("promised_minutes", "from the order to its promise", "minutes", 0, 240),
    Feature("last_handover_age", "since the courier's last handover", "hours", 0, 48, age_of="last_handover_at"),
)
