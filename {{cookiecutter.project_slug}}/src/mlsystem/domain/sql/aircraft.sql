-- aircraft: one row per aircraft and piece of news about its newest leg, as of the moment it became known.
-- Legs are ordered by schedule, and within a leg an arrival outranks a departure; news of an older leg is no news.
WITH news AS (
    SELECT tail_number, service_date, known_at, number, 0 AS is_landed, scheduled_departure_at AS leg_rank
    FROM departures_versions WHERE tail_number IS NOT NULL
    UNION ALL
    SELECT tail_number, service_date, known_at, number, 1, scheduled_departure_at + INTERVAL '1' SECOND
    FROM arrivals_versions WHERE tail_number IS NOT NULL
),
ranked AS (
    SELECT
        *,
        MAX(leg_rank) OVER (PARTITION BY tail_number ORDER BY known_at RANGE UNBOUNDED PRECEDING) AS newest_rank,
        ROW_NUMBER() OVER (PARTITION BY tail_number, known_at ORDER BY leg_rank DESC, number DESC) AS copy
    FROM news
)
SELECT
    ranked.tail_number,
    known_at AS event_timestamp,
    CAST(number AS DOUBLE) AS previous_leg_delay,
    CAST(is_landed AS BIGINT) AS previous_leg_is_landed,
    known_at AS previous_leg_at,
    CAST(seats AS BIGINT) AS aircraft_seats
FROM ranked
-- The registry as it was on the leg's own day: a later entry must not change an earlier day's features.
LEFT JOIN (SELECT tail_number, service_date, MAX(seats) AS seats FROM aircraft GROUP BY tail_number, service_date) AS registry
    ON registry.tail_number = ranked.tail_number AND registry.service_date = ranked.service_date
WHERE leg_rank = newest_rank AND copy = 1
