-- origin: one row per airport and 15-minute tick at which anything has left in the last 24 hours.
WITH totals AS (
$rolling_departures
),
waiting AS (
    -- A flight waits from its schedule until it leaves; after 3 hours it is taken for cancelled, since the source
    -- does not say when a cancellation was announced. Only what was known counts: `known_at`, of the timetable too.
    SELECT
        origin,
        begins_at,
        GREATEST(
            begins_at,
            LEAST(COALESCE(first_known_at, scheduled_departure_at + INTERVAL '3' HOUR),
                scheduled_departure_at + INTERVAL '3' HOUR)
        ) AS ends_at
    FROM (
        SELECT flight_id, origin, scheduled_departure_at, GREATEST(scheduled_departure_at, MIN(known_at)) AS begins_at
        FROM flights GROUP BY flight_id, origin, scheduled_departure_at
    ) AS timetable
    LEFT JOIN (SELECT flight_id, MIN(known_at) AS first_known_at FROM departures GROUP BY flight_id) AS gone
        ON gone.flight_id = timetable.flight_id
),
queue_changes AS (
    SELECT origin, begins_at AS moment, 1 AS flights, 0 AS is_tick FROM waiting
    UNION ALL
    SELECT origin, ends_at, -1, 0 FROM waiting
    UNION ALL
    SELECT origin, tick_at, 0, 1 FROM (SELECT DISTINCT origin FROM totals) AS origins CROSS JOIN ticks
),
queue AS (
    SELECT origin, moment, is_tick,
        SUM(flights) OVER (PARTITION BY origin ORDER BY moment RANGE UNBOUNDED PRECEDING) AS backlog
    FROM queue_changes
)
SELECT
    totals.origin,
    event_timestamp,
    MAX(CASE WHEN window_hours = 1 THEN number_mean END) AS origin_departure_delay_mean_1h,
    MAX(CASE WHEN window_hours = 3 THEN number_mean END) AS origin_departure_delay_mean_3h,
    MAX(CASE WHEN window_hours = 24 THEN number_mean END) AS origin_departure_delay_mean_24h,
    MAX(CASE WHEN window_hours = 1 THEN flag_share END) AS origin_late_share_1h,
    MAX(CASE WHEN window_hours = 3 THEN flag_share END) AS origin_late_share_3h,
    MAX(CASE WHEN window_hours = 24 THEN flag_share END) AS origin_late_share_24h,
    CAST(MAX(CASE WHEN window_hours = 1 THEN fact_count END) AS BIGINT) AS origin_departures_1h,
    CAST(MAX(CASE WHEN window_hours = 3 THEN fact_count END) AS BIGINT) AS origin_departures_3h,
    CAST(MAX(CASE WHEN window_hours = 24 THEN fact_count END) AS BIGINT) AS origin_departures_24h,
    CAST(MAX(backlog) AS BIGINT) AS origin_backlog
FROM totals
INNER JOIN queue ON queue.origin = totals.origin AND queue.moment = totals.event_timestamp AND queue.is_tick = 1
GROUP BY totals.origin, event_timestamp
HAVING MAX(fact_count) > 0
