"""The whole problem in one object: words, days, slices, and what the other files here declare."""

from datetime import date
from pathlib import Path

from mlsystem.contract.limits import Limits
from mlsystem.contract.problem import Problem, Words
from mlsystem.contract.slices import Bands, Categories, Cell, Conditions
from mlsystem.contract.tables import Facts
from mlsystem.domain.costs import COSTS
from mlsystem.domain.features import REQUEST_FEATURES, VIEWS
from mlsystem.domain.label import LABEL, LATE_MINUTES, LONGEST_DELAY
from mlsystem.domain.question import FIELDS, ZONE, Flight, impossible, request_features
from mlsystem.domain.source import SOURCE
from mlsystem.domain.tables import DAYS, TABLES

LOW_VISIBILITY = 3  # miles; below it, instrument approaches only
STRONG_WIND = 20  # miles per hour


PROBLEM = Problem(
    name="delay",
    words=Words(
        title="Will this flight arrive 15 or more minutes late?",
        asked="two hours before departure",
        question="flight",
        questions="flights",
        positive="late",
        negative="punctual",
        act="warn",
        hold="stay_silent",
        acting="warning",
        missing="surprise",
        unlabelled="cancelled or diverted",
        whom="traveller",
        clock="New York time",
        data="336,776 real flights of 2013",
        caveats=(
            "Cancelled and diverted flights have no label: it says P(late | arrives), too low on days of mass "
            "cancellations.",
            "It knows one year of three airports; it has never seen the same month twice.",
            "One traveller per flight, and the same costs for each.",
        ),
    ),
    zone=ZONE,
    first_day=date(2013, 1, 1),
    last_day=date(2013, 12, 31),
    held_out=(date(2013, 10, 1), date(2013, 12, 29)),  # no model saw these; the last two days have no weather
    source=SOURCE,
    tables=TABLES,
    days=DAYS,
    sql=Path(__file__).parent / "sql",
    constants={},
    asked_of="flights",
    question=Flight,
    fields=FIELDS,
    impossible=impossible,
    label=LABEL,
    facts=(
        Facts(
            "departures",
            "departures",
            instant="departed_at",
            number="departure_delay_minutes",
            flag=f"departure_delay_minutes >= {LATE_MINUTES}",
            late_by=LONGEST_DELAY,
        ),
        Facts(
            "arrivals",
            "arrivals",
            instant="arrived_at",
            number="arrival_delay_minutes",
            flag=f"arrival_delay_minutes >= {LATE_MINUTES}",
            late_by=LONGEST_DELAY,
        ),
    ),
    views=VIEWS,
    freshness="sources",
    request_features=REQUEST_FEATURES,
    request=request_features,
    costs=COSTS,
    baseline=(Cell("carrier"), Cell("origin"), Cell("departure_minute_of_day", width=60)),
    slices=(
        Categories("carrier", is_watched=True),
        Categories("origin", is_watched=True),
        Bands("hour", "departure_minute_of_day", (0, 6, 10, 14, 18, 24), per=60),
        Conditions(
            "weather",
            {
                "rain": (("weather_precipitation", ">", 0),),
                "low visibility": (("weather_visibility", "<", LOW_VISIBILITY),),
                "strong wind": (("weather_wind_speed", ">=", STRONG_WIND),),
                "fair": (
                    ("weather_precipitation", "==", 0),
                    ("weather_visibility", ">=", LOW_VISIBILITY),
                    ("weather_wind_speed", "<", STRONG_WIND),
                ),
            },
        ),
    ),
    limits=Limits(usual_share=0.24, usual_week=5_000, costs=COSTS),
)
