"""The rows that a day delivers: every table, its grain, its key and the rules that its rows must keep."""

from mlsystem.contract.tables import Rule, Table, between, known_after, not_null

ORIGINS = ("EWR", "JFK", "LGA")
CARRIERS = ("9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV")
IATA_AIRPORT = r"^[A-Z]{3}$"

# Of each table, `silent_from` is above what was overdue from January to August, but for the blizzard of 8 February;
# the number in its comment is the most that was.
KNOWN_CARRIER = Rule("in_set", ("carrier",), "critical", "no such carrier is known", {"value_set": list(CARRIERS)})
KNOWN_ORIGIN = Rule("in_set", ("origin",), "critical", "not a New York airport", {"value_set": list(ORIGINS)})
VALID_DESTINATION = Rule("matches", ("destination",), "critical", "not an IATA airport code", {"regex": IATA_AIRPORT})

FLIGHTS = Table(
    "flights",
    "one row per scheduled departure from New York, cancelled ones included",
    "flight_id",
    (
        *not_null("flight_id", "carrier", "origin", "destination", "scheduled_departure_at", "scheduled_arrival_at"),
        *not_null("known_at"),
        Rule("unique", ("flight_id",), "critical", "the same flight is scheduled twice"),
        KNOWN_CARRIER,
        KNOWN_ORIGIN,
        VALID_DESTINATION,
        between("scheduled_block_minutes", 20, 900, "critical", "no route from New York takes that long or that short"),
    ),
    # The outcome is no part of the timetable: a delay in `flights` would be an invitation to leak it.
    outcomes=("departure_delay_minutes", "arrival_delay_minutes"),
    silent_from=20,  # 0: departures of flights that nobody had announced
)
DEPARTURES = Table(
    "departures",
    "one row per flight that left the gate",
    "event_id",
    (
        *not_null("event_id", "flight_id", "carrier", "origin", "destination", "scheduled_departure_at"),
        *not_null("departure_delay_minutes", "departed_at", "known_at"),
        known_after("departed_at"),
        Rule("unique", ("event_id", "known_at"), "critical", "two versions of one event claim the same moment"),
        KNOWN_CARRIER,
        KNOWN_ORIGIN,
        VALID_DESTINATION,
        between("departure_delay_minutes", -60, 1_440, "critical", "a flight leaves within a day of its schedule"),
        between("departure_delay_minutes", -45, 720, "warning", "more than 12 hours late, or 45 minutes early"),
    ),
    silent_from=30,  # 23
)
ARRIVALS = Table(
    "arrivals",
    "one row per flight that arrived where it was scheduled to",
    "event_id",
    (
        *not_null("event_id", "flight_id", "destination", "scheduled_departure_at"),
        *not_null("arrival_delay_minutes", "arrived_at", "known_at"),
        known_after("arrived_at"),
        Rule("unique", ("event_id", "known_at"), "critical", "two versions of one event claim the same moment"),
        VALID_DESTINATION,
        between("arrival_delay_minutes", -120, 1_440, "critical", "a flight arrives within a day of its schedule"),
        between("arrival_delay_minutes", -90, 720, "warning", "more than 12 hours late, or 90 minutes early"),
    ),
    silent_from=25,  # 16
)
WEATHER = Table(
    "weather",
    "one row per origin and hour observed",
    "event_id",
    (
        *not_null("event_id", "origin", "observed_at", "known_at"),
        known_after("observed_at"),
        Rule("unique", ("event_id", "known_at"), "critical", "two versions of one event claim the same moment"),
        Rule("unique", ("origin", "local_hour"), "warning", "the same local hour twice: a clock change"),
        KNOWN_ORIGIN,
        between("temperature_fahrenheit", -20, 115, "critical", "outside New York's records"),
        between("wind_speed_mph", 0, 150, "critical", "stronger than any wind measured at an airport there"),
        between("humidity_percent", 0, 100, "critical", "a percentage"),
        between("pressure_millibar", 940, 1_060, "critical", "outside New York's records"),
        between("visibility_miles", 0, 10, "critical", "the instrument reads 0 to 10 miles"),
    ),
    silent_from=3,  # 3: an hour that all three airports miss
)
AIRCRAFT = Table(
    "aircraft",
    "one row per registered aircraft that is scheduled that day",
    "aircraft_day_id",
    (
        *not_null("known_at"),
        Rule("unique", ("aircraft_day_id",), "critical", "registered twice"),
        between("seats", 1, 600, "critical", "no airliner has that many seats"),
        Rule("not_null", ("built_year",), "warning", "year of manufacture unknown"),
        between("built_year", 1950, 2014, "warning", "built before jets, or after the flight"),
    ),
    silent_from=3,  # 0: departures on a day whose registry has not come
)
AIRPORTS = Table(
    "airports",
    "one row per destination that is scheduled that day",
    "airport_day_id",
    (
        *not_null("known_at"),
        Rule("unique", ("airport_day_id",), "critical", "listed twice"),
        Rule("not_null", ("time_zone",), "warning", "no time zone in the airports file; the supplement is used"),
    ),
)
DAYS = Table(
    "days",
    "one row per service date: counts and shares over all the day's tables",
    "service_date",
    (
        between("flights", 400, 1_400, "critical", "a day has 400 to 1,400 departures"),
        between("scheduled_airlines", 10, 16, "critical", "carriers are missing from the delivery"),
        between("departed_share", 0.05, 1.0, "critical", "nearly nothing departed, or more than was scheduled"),
        between("departed_share", 0.5, 1.0, "warning", "more than half of the day was cancelled"),
        between("arrived_share", 0.9, 1.0, "warning", "more than a tenth of the departed flights have no arrival"),
        between("weather_hours", 60, 78, "warning", "three airports report 24 hours each"),
        between("quarantined_share", 0, 0.05, "critical", "more than a twentieth of the rows broke a critical rule"),
    ),
)
TABLES = (FLIGHTS, DEPARTURES, ARRIVALS, WEATHER, AIRCRAFT, AIRPORTS)
