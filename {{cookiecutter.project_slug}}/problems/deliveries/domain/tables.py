"""The rows that a day delivers: every table, its grain, its key and the rules that its rows must keep."""

from mlsystem.contract.tables import Rule, Table, between, known_after, not_null
from mlsystem.domain.simulator import DISTRICTS, RESTAURANTS

COURIER = r"^c[0-9]{3}$"
HOURS = 6 * 3600  # seconds; nobody waits longer, or is served so much before the promise

KNOWN_RESTAURANT = Rule("in_set", ("restaurant",), "critical", "no such restaurant", {"value_set": list(RESTAURANTS)})
KNOWN_DISTRICT = Rule("in_set", ("district",), "critical", "no such district", {"value_set": list(DISTRICTS)})
ONE_VERSION = Rule("unique", ("event_id", "known_at"), "critical", "two versions of one event claim the same moment")

ORDERS = Table(
    "orders",
    "one row per order placed, cancelled ones included",
    "order_id",
    (
        *not_null("order_id", "restaurant", "district", "items", "kilometres", "ordered_at", "promised_at", "known_at"),
        Rule("unique", ("order_id",), "critical", "the same order is placed twice"),
        KNOWN_RESTAURANT,
        KNOWN_DISTRICT,
        Rule("matches", ("courier",), "critical", "not a courier's number", {"regex": COURIER}),
        between("items", 1, 100, "critical", "nobody orders so much"),
        between("items", 1, 20, "warning", "more than 20 items"),
        between("kilometres", 0.1, 30, "critical", "outside the city"),
    ),
    outcomes=("carried_by", "picked_up_at", "handed_over_at"),
    silent_from=12,
)
PICKUPS = Table(
    "pickups",
    "one row per order that a courier took over at the restaurant",
    "event_id",
    (
        *not_null("event_id", "order_id", "restaurant", "picked_up_at", "wait_seconds", "known_at"),
        known_after("picked_up_at"),
        ONE_VERSION,
        KNOWN_RESTAURANT,
        between("wait_seconds", 0, HOURS, "critical", "nobody waits so long"),
    ),
    silent_from=30,
)
HANDOVERS = Table(
    "handovers",
    "one row per order that reached its customer",
    "event_id",
    (
        *not_null("event_id", "order_id", "restaurant", "carried_by", "district", "handed_over_at", "late_seconds"),
        *not_null("known_at"),
        known_after("handed_over_at"),
        ONE_VERSION,
        KNOWN_DISTRICT,
        between("late_seconds", -HOURS, HOURS, "critical", "not within six hours of its promise"),
        between("late_seconds", -3_600, 3_600, "warning", "an hour before or after its promise"),
    ),
    silent_from=30,
)
WEATHER = Table(
    "weather",
    "one row per half hour, of the whole city",
    "event_id",
    (
        *not_null("event_id", "observed_at", "rain_mm", "known_at"),
        known_after("observed_at"),
        ONE_VERSION,
        between("rain_mm", 0, 150, "critical", "more rain than was ever measured there"),
    ),
    silent_from=4,
)
DAYS = Table(
    "days",
    "one row per service date: counts and shares over all the day's tables",
    "service_date",
    (
        between("orders", 0, 5_000, "critical", "a day has at most 5,000 orders"),
        between(
            "orders", 100, 5_000, "warning", "a day without its orders: everything is closed, or a delivery is lost"
        ),
        # A little over 1 where an order is in quarantine and its handover is not; far over it if the orders were cut.
        between("handed_over_share", 0.5, 1.05, "critical", "half of the orders or handovers never arrived"),
        between(
            "weather_rows", 46, 50, "warning", "a day has 48 half hours, and two more or less when the clock changes"
        ),
        between("quarantined_share", 0, 0.05, "critical", "more than a twentieth of the rows broke a critical rule"),
    ),
)
TABLES = (ORDERS, PICKUPS, HANDOVERS, WEATHER)
