"""Features that are within reach and that no view has, for within_reach.py: one SQL text per group.

Point in time as the views are: a version of a fact counts from its `known_at` until it is replaced or leaves the
window, and the versions are the project's own (features/sql/versions.sql). Exact at the question's moment, no ticks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

import pyarrow as pa

from mlsystem.domain.tables import ORIGINS
from mlsystem.engine import Engine
from mlsystem.features import compute

TABLES = ("flights", "departures", "arrivals")
NUMBER_DAYS = 30  # how long a flight number's arrivals count
# $alive: name, span, begins_at, ends_at, delay, is_late: what counts, and from when until when.
SUMS = """
WITH alive AS ($alive),
changes AS (
    SELECT name, span, begins_at AS moment, delay, is_late, 1 AS facts FROM alive WHERE begins_at < ends_at
    UNION ALL
    SELECT name, span, ends_at, -delay, -is_late, -1 FROM alive WHERE begins_at < ends_at
    UNION ALL
    SELECT name, span, as_of, 0, 0, 0
    FROM (SELECT DISTINCT name, as_of FROM asked) AS moments CROSS JOIN (SELECT DISTINCT span FROM alive) AS spans
),
totals AS (
    SELECT DISTINCT name, span, moment,
        SUM(delay) OVER so_far AS delays, SUM(is_late) OVER so_far AS late, SUM(facts) OVER so_far AS facts
    FROM changes
    WINDOW so_far AS (PARTITION BY name, span ORDER BY moment RANGE UNBOUNDED PRECEDING)
),
found AS (
    SELECT name, span, moment, CAST(facts AS DOUBLE) AS facts,
        delays / CAST(NULLIF(facts, 0) AS DOUBLE) AS delay_mean, late / CAST(NULLIF(facts, 0) AS DOUBLE) AS late_share
    FROM totals
)
SELECT service_date, question_id, $columns
FROM asked LEFT JOIN found ON found.name = asked.name AND found.moment = asked.as_of
GROUP BY service_date, question_id ORDER BY service_date, question_id
"""
# The question comes 2 h before departure: what leaves within 1 h of it leaves 1 to 3 h after the question.
DENSITY = """
    SELECT origin AS name, span, GREATEST(known_at, scheduled_departure_at - first * INTERVAL '1' HOUR) AS begins_at,
        scheduled_departure_at - last * INTERVAL '1' HOUR AS ends_at, 0 AS delay, 0 AS is_late
    FROM (
        SELECT flight_id, origin, scheduled_departure_at, MIN(known_at) AS known_at
        FROM flights GROUP BY flight_id, origin, scheduled_departure_at
    ) AS timetable CROSS JOIN (VALUES ('around', 3, 1), ('before', 2, -1)) AS spans(span, first, last)
"""
AREA = f"""
    SELECT home AS name, span, known_at AS begins_at, LEAST(happened_at + hours * INTERVAL '1' HOUR,
        COALESCE(replaced_at, happened_at + INTERVAL '99' HOUR)) AS ends_at, number AS delay, flag AS is_late
    FROM departures_versions
    INNER JOIN (VALUES {", ".join(f"('{origin}')" for origin in ORIGINS)}) AS homes(home) ON home <> origin
    CROSS JOIN (VALUES ('1h', 1), ('3h', 3)) AS spans(span, hours)
"""
NAME = "split_part(event_id, '/', 2) || '/' || origin"  # carrier and number, and the airport: of the natural key
NUMBER = f"""
    SELECT {NAME} AS name, 'days' AS span, known_at AS begins_at, LEAST(happened_at + INTERVAL '{NUMBER_DAYS}' DAY,
        COALESCE(replaced_at, happened_at + INTERVAL '999' DAY)) AS ends_at, number AS delay, flag AS is_late
    FROM arrivals_versions
"""
LAST = f"""
WITH news AS (
    SELECT {NAME} AS name, known_at, MAX(number) AS delay FROM arrivals_versions GROUP BY 1, 2
)
SELECT service_date, question_id,
    CASE WHEN news.known_at > as_of - INTERVAL '{NUMBER_DAYS}' DAY THEN CAST(delay AS DOUBLE) END AS number_delay_last
FROM asked ASOF LEFT JOIN news ON news.name = asked.name AND news.known_at <= asked.as_of
ORDER BY service_date, question_id
"""


@dataclass(frozen=True)
class Group:
    """`hours` of its table's facts must be at hand when a value is computed; 0: the row before is enough."""

    name: str
    meaning: str
    columns: tuple[str, ...]
    table: str
    key: str  # SQL, of a flight
    hours: int
    sql: str


def _sums(alive: str, columns: Mapping[str, tuple[str, str]]) -> str:
    """The text that gives each column its figure of its span."""
    said = (f"MAX(CASE WHEN span = '{span}' THEN {figure} END) AS {name}" for name, (span, figure) in columns.items())
    return Template(SUMS).substitute(alive=alive, columns=", ".join(said))


_AROUND = {"departures_around_1h": ("around", "facts"), "departures_before_3h": ("before", "facts")}
_OTHERS = {
    f"others_{name}_{span}": (span, figure)
    for span in ("1h", "3h")
    for name, figure in (("departure_delay_mean", "delay_mean"), ("late_share", "late_share"))
}
_NUMBER = {"number_delay_mean": ("days", "delay_mean"), "number_late_share": ("days", "late_share")}
_OF_NUMBER = "carrier || flight_number || '/' || origin"
GROUPS = (
    Group("density", "flights due to leave the origin within 1 h of this one, and in the 3 h before it",
          tuple(_AROUND), "flights", "origin", 3, _sums(DENSITY, _AROUND)),
    Group("area", "how late the other two airports run: mean departure delay and late share, 1 h and 3 h",
          tuple(_OTHERS), "departures", "origin", 3, _sums(AREA, _OTHERS)),
    Group("number", f"mean arrival delay and late share of the flight number from here, {NUMBER_DAYS} days",
          tuple(_NUMBER), "arrivals", _OF_NUMBER, 24 * NUMBER_DAYS, _sums(NUMBER, _NUMBER)),
    Group("last", f"its last known arrival delay, if that is not older than {NUMBER_DAYS} days",
          ("number_delay_last",), "arrivals", _OF_NUMBER, 0, LAST),
)  # fmt: skip


def computed(group: Group, facts: Mapping[str, pa.Table], questions: pa.Table) -> pa.Table:
    """`service_date`, `question_id` and the group's columns (float64) for each of `questions`, in the order of both.

    `questions` have `question_id` and `event_timestamp`, the moment at which the flight is asked about.
    """
    with Engine() as engine:
        compute.load_facts(engine, facts)
        engine.register({"questions": questions})
        engine.execute(
            f"CREATE TEMP TABLE asked AS SELECT service_date, question_id, {group.key} AS name, "
            "event_timestamp AS as_of FROM (SELECT question_id, event_timestamp FROM questions) AS wanted"
            " INNER JOIN flights ON flight_id = question_id"
        )
        return engine.query(group.sql)
