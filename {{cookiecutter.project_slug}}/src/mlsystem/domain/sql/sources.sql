-- sources: one row per 15-minute tick: how many facts of each table should have come since its last one came.
-- A table that nothing is due of (at night) is not silent, however old its last fact is; one that stops at noon is.
WITH heard AS (
    SELECT 'flights' AS source, known_at FROM flights
    UNION ALL SELECT 'departures', known_at FROM departures
    UNION ALL SELECT 'arrivals', known_at FROM arrivals
    UNION ALL SELECT 'weather', known_at FROM weather
    UNION ALL SELECT 'aircraft', known_at FROM aircraft
),
timetable AS (
    SELECT flight_id, MIN(service_date) AS service_date, MIN(known_at) AS known_at,
        MIN(GREATEST(scheduled_departure_at, known_at)) AS departure_due_at,
        MIN(scheduled_arrival_at) - MIN(scheduled_departure_at) AS block
    FROM flights GROUP BY flight_id
),
gone AS (SELECT flight_id, MIN(known_at) AS left_at FROM departures GROUP BY flight_id),
registry AS (SELECT service_date, MIN(known_at) AS known_at FROM aircraft GROUP BY service_date),
due AS (
    -- The timetable of a flight that has left.
    SELECT 'flights' AS source, left_at AS due_at
    FROM gone LEFT JOIN timetable ON timetable.flight_id = gone.flight_id AND timetable.known_at <= gone.left_at
    WHERE timetable.flight_id IS NULL
    -- Most have left 20 minutes after their schedule; those at the full hour otherwise count before any could have.
    UNION ALL SELECT 'departures', departure_due_at + INTERVAL '20' MINUTE FROM timetable
    -- What has left takes as long as its schedule says.
    UNION ALL
    SELECT 'arrivals', left_at + block FROM gone INNER JOIN timetable ON timetable.flight_id = gone.flight_id
    UNION ALL
    SELECT 'weather', known_at + INTERVAL '1' HOUR
    FROM (SELECT DISTINCT event_id, known_at FROM weather) AS observations
    -- The registry of the day that a flight leaves on.
    UNION ALL
    SELECT 'aircraft', departure_due_at
    FROM timetable
    LEFT JOIN registry
        ON registry.service_date = timetable.service_date AND registry.known_at <= timetable.departure_due_at
    WHERE registry.service_date IS NULL
),
changes AS (
    SELECT source, known_at AS moment, 0 AS facts_due, 1 AS is_fact, 0 AS is_tick FROM heard
    UNION ALL SELECT source, due_at, 1, 0, 0 FROM due
    UNION ALL
    SELECT source, tick_at, 0, 0, 1
    FROM (VALUES ('flights'), ('departures'), ('arrivals'), ('weather'), ('aircraft')) AS sources(source) CROSS JOIN ticks
),
counted AS (
    SELECT source, moment, is_fact, is_tick, SUM(facts_due) OVER so_far AS due_so_far
    FROM changes
    WINDOW so_far AS (PARTITION BY source ORDER BY moment RANGE UNBOUNDED PRECEDING)
),
answered AS (
    SELECT
        source, moment, is_tick, due_so_far,
        MAX(CASE WHEN is_fact = 1 THEN moment END) OVER so_far AS heard_at,
        MAX(CASE WHEN is_fact = 1 THEN due_so_far END) OVER so_far AS due_when_heard
    FROM counted
    WINDOW so_far AS (PARTITION BY source ORDER BY moment RANGE UNBOUNDED PRECEDING)
),
overdue AS (
    -- At most 100, and 100 for what was not heard of for two days: what lies further back is not at hand any more.
    SELECT source, moment,
        CASE WHEN heard_at >= moment - INTERVAL '48' HOUR THEN LEAST(due_so_far - due_when_heard, 100) ELSE 100 END AS facts
    FROM answered WHERE is_tick = 1
)
SELECT
    moment AS event_timestamp,
    CAST(MAX(CASE WHEN source = 'flights' THEN facts END) AS BIGINT) AS overdue_flights,
    CAST(MAX(CASE WHEN source = 'departures' THEN facts END) AS BIGINT) AS overdue_departures,
    CAST(MAX(CASE WHEN source = 'arrivals' THEN facts END) AS BIGINT) AS overdue_arrivals,
    CAST(MAX(CASE WHEN source = 'weather' THEN facts END) AS BIGINT) AS overdue_weather,
    CAST(MAX(CASE WHEN source = 'aircraft' THEN facts END) AS BIGINT) AS overdue_aircraft
FROM overdue
GROUP BY moment
