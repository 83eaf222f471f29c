"""Every feature, declared once: what it means, its unit, its window, when it is known, its range.

Stored features are computed by one SQL text per view (sql/<view>.sql) and live in the feature store. Those of the
request are computed by one Python function (question.py), in training and in serving alike.
"""

from datetime import timedelta

from mlsystem.contract.features import Feature, View
from mlsystem.domain.tables import CARRIERS, ORIGINS

_DESTINATIONS = (
    "ABQ ACK ALB ANC ATL AUS AVL BDL BGR BHM BNA BOS BQN BTV BUF BUR BWI BZN CAE CAK CHO CHS CLE CLT CMH CRW CVG DAY "
    "DCA DEN DFW DSM DTW EGE EYW FLL GRR GSO GSP HDN HNL HOU IAD IAH ILM IND JAC JAX LAS LAX LEX LGA LGB MCI MCO MDW "
    "MEM MHT MIA MKE MSN MSP MSY MTJ MVY MYR OAK OKC OMA ORD ORF PBI PDX PHL PHX PIT PSE PSP PVD PWM RDU RIC ROC RSW "
    "SAN SAT SAV SBN SDF SEA SFO SJC SJU SLC SMF SNA SRQ STL STT SYR TPA TUL TVC TYS XNA"
)
DESTINATIONS = tuple(_DESTINATIONS.split())

SOURCE_TABLES = ("flights", "departures", "arrivals", "weather", "aircraft")  # those that features are made from
LONGEST_DELAY = 1_440  # minutes; the contract refuses longer ones


def _mean(table: str, name: str, meaning: str, hours: int) -> Feature:
    low = -60 if table == "departures" else -120
    return Feature(
        f"{name}_{hours}h", f"{meaning}, mean", "minutes", low, LONGEST_DELAY, window_hours=hours, tables=(table,)
    )


def _late_share(table: str, name: str, meaning: str, hours: int) -> Feature:
    late = f"{meaning}, 15 or more minutes late"
    return Feature(f"{name}_{hours}h", late, "share", window_hours=hours, tables=(table,))


WEATHER = View(
    "weather",
    ("origin",),
    "the last hour's weather at the origin",
    "one hour after the observed hour began",
    ("weather",),
    (
        Feature("weather_temperature", "air temperature", "degrees Fahrenheit", -20, 115),
        Feature("weather_dew_point", "dew point", "degrees Fahrenheit", -40, 90),
        Feature("weather_wind_direction", "where the wind comes from", "degrees", 0, 360),
        Feature("weather_wind_speed", "wind speed", "miles per hour", 0, 150),
        Feature("weather_precipitation", "precipitation in the hour", "inches", 0, 10),
        Feature("weather_pressure", "pressure at sea level", "millibar", 940, 1_060),
        Feature("weather_visibility", "visibility", "miles", 0, 10),
    ),
    ttl=timedelta(hours=3),
    refresh=None,
    is_expected=True,
)
ORIGIN = View(
    "origin",
    ("origin",),
    "how late the airport runs, and how many wait to leave",
    "each departure when it leaves; the timetable before",
    ("departures", "flights"),
    (
        *(_mean("departures", "origin_departure_delay_mean", "departure delay at the origin", h) for h in (1, 3, 24)),
        *(_late_share("departures", "origin_late_share", "departures from the origin", h) for h in (1, 3, 24)),
        *(
            Feature(
                f"origin_departures_{h}h",
                "departures from the origin",
                "flights",
                0,
                1_400,
                "count",
                h,
                tables=("departures",),
            )
            for h in (1, 3, 24)
        ),
        Feature(
            "origin_backlog",
            "scheduled in the last 3 h and not yet gone",
            "flights",
            0,
            300,
            "count",
            3,
            tables=("departures", "flights"),
        ),
    ),
    ttl=timedelta(hours=1),
    refresh=timedelta(minutes=15),
    is_expected=True,
)
CARRIER_ORIGIN = View(
    "carrier_origin",
    ("carrier", "origin"),
    "how late the carrier runs at this airport",
    "each departure when it leaves",
    ("departures",),
    (
        *(_mean("departures", "carrier_origin_departure_delay_mean", "the carrier's delay here", h) for h in (3, 24)),
        *(_late_share("departures", "carrier_origin_late_share", "the carrier's departures here", h) for h in (3, 24)),
    ),
    ttl=timedelta(hours=2),
    refresh=timedelta(minutes=30),
    is_expected=True,
)
DESTINATION = View(
    "destination",
    ("destination",),
    "how late flights to this airport leave New York, and how late they land",
    "each departure when it leaves, each arrival when it lands",
    ("departures", "arrivals"),
    (
        *(
            _mean("departures", "destination_departure_delay_mean", "departure delay of flights to it", h)
            for h in (3, 24)
        ),
        *(_late_share("departures", "destination_departure_late_share", "departures to it", h) for h in (3, 24)),
        *(_mean("arrivals", "destination_arrival_delay_mean", "arrival delay there", h) for h in (3, 24)),
        *(_late_share("arrivals", "destination_arrival_late_share", "arrivals there", h) for h in (3, 24)),
    ),
    ttl=timedelta(hours=3),
    refresh=timedelta(hours=1),
    is_expected=True,
)
LEGS = ("departures", "arrivals")  # with no arrivals, a leg that has landed seems to fly on
AIRCRAFT = View(
    "aircraft",
    ("tail_number",),
    "the aircraft's previous leg out of New York: its arrival delay, or its departure delay while it flies",
    "when that leg departs, and again when it arrives",
    ("departures", "arrivals", "aircraft"),
    (
        Feature(
            "previous_leg_delay",
            "delay of the previous leg, as far as known",
            "minutes",
            -120,
            LONGEST_DELAY,
            tables=LEGS,
        ),
        Feature("previous_leg_is_landed", "1 if that delay is an arrival delay", "0 or 1", type="count", tables=LEGS),
        Feature("previous_leg_at", "when that was known", "UTC instant", type="instant", tables=LEGS),
        Feature("aircraft_seats", "seats of the aircraft", "seats", 1, 600, "count", tables=("aircraft",)),
    ),
    ttl=timedelta(hours=72),
    refresh=None,
    is_expected=False,
)
SOURCES = View(
    "sources",
    (),
    "how many facts of each source table should have come since its last one",
    "each fact when it comes; when it is due, from the timetable and what has left",
    SOURCE_TABLES,
    tuple(Feature(f"overdue_{name}", f"overdue facts of {name}", "facts", 0, 100, "count") for name in SOURCE_TABLES),
    ttl=timedelta(hours=1),
    refresh=timedelta(minutes=15),
    is_expected=True,
    is_input=False,
)
VIEWS = (WEATHER, ORIGIN, CARRIER_ORIGIN, DESTINATION, AIRCRAFT, SOURCES)

REQUEST_FEATURES = (
    Feature("carrier", "who flies", "code", type="category", categories=CARRIERS),
    Feature("origin", "from where", "code", type="category", categories=ORIGINS),
    Feature("destination", "to where", "code", type="category", categories=DESTINATIONS),
    Feature("departure_minute_of_day", "scheduled, on New York's clock", "minutes", 0, 1_439),
    Feature("departure_day_of_week", "Monday is 0, on New York's calendar", "day", 0, 6, "count"),
    Feature("scheduled_block_minutes", "gate to gate", "minutes", 20, 900),
    Feature(
        "previous_leg_age",
        "since the aircraft's previous leg was last heard of",
        "hours",
        0,
        72,
        age_of="previous_leg_at",
    ),
)
