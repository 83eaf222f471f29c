"""The whole problem in one object: words, days, slices, and what the other files here declare."""

from datetime import date
from pathlib import Path

from mlsystem.contract.limits import Limits
from mlsystem.contract.problem import Problem, Truth, Words
from mlsystem.contract.slices import Bands, Categories, Cell, Conditions
from mlsystem.contract.tables import Facts
from mlsystem.domain.costs import COSTS
from mlsystem.domain.features import REQUEST_FEATURES, VIEWS
from mlsystem.domain.label import LABEL, LATE_SECONDS, LONGEST_DELAY
from mlsystem.domain.question import FIELDS, Order, impossible, request_features
from mlsystem.domain.simulator import CHANGE, CHANGED_ON, FIRST_DAY, LAST_DAY, ZONE, probabilities
from mlsystem.domain.source import SOURCE
from mlsystem.domain.tables import DAYS, TABLES

PROBLEM = Problem(
    name="lateness",
    words=Words(
        title="Will this order come 15 or more minutes after its promise?",
        asked="when it is placed",
        question="order",
        questions="orders",
        positive="late",
        negative="in time",
        act="voucher",
        hold="no_voucher",
        acting="voucher",
        missing="complaint",
        unlabelled="cancelled",
        whom="customer",
        clock="Warsaw's time",
        data="a year of simulated orders, 2024",
        caveats=(
            "The year is simulated: its law is in domain/simulator.py, and no real customer was ever asked.",
            "Cancelled orders have no label, and more of those are cancelled that would have come late.",
        ),
    ),
    zone=ZONE,
    first_day=FIRST_DAY,
    last_day=LAST_DAY,
    held_out=(date(2024, 10, 1), date(2024, 12, 29)),
    source=SOURCE,
    tables=TABLES,
    days=DAYS,
    sql=Path(__file__).parent / "sql",
    constants={},
    asked_of="orders",
    question=Order,
    fields=FIELDS,
    impossible=impossible,
    label=LABEL,
    facts=(
        Facts("pickups", "pickups", "picked_up_at", "wait_seconds", "wait_seconds >= 1800", LONGEST_DELAY),
        Facts(
            "handovers", "handovers", "handed_over_at", "late_seconds", f"late_seconds >= {LATE_SECONDS}", LONGEST_DELAY
        ),
    ),
    views=VIEWS,
    freshness="feeds",
    request_features=REQUEST_FEATURES,
    request=request_features,
    costs=COSTS,
    baseline=(Cell("district"), Cell("restaurant"), Cell("minute_of_day", width=180)),
    slices=(
        Categories("district", is_watched=True),
        Categories("restaurant"),
        Bands("hour", "minute_of_day", (9, 12, 15, 18, 21, 24), per=60),
        Conditions("rain", {"dry": (("rain", "==", 0),), "rain": (("rain", ">", 0),)}),
    ),
    limits=Limits(usual_share=0.03, usual_week=2_000, costs=COSTS),
    truth=Truth(probabilities, {CHANGED_ON: CHANGE}),
)
