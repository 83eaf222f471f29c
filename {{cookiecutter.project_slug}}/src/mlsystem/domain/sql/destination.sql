-- destination: one row per destination and hour in which a flight to it has left or landed in the last 24 hours.
WITH departure_totals AS (
$rolling_departures
),
arrival_totals AS (
$rolling_arrivals
),
totals AS (
    SELECT *, 1 AS is_departure FROM departure_totals
    UNION ALL
    SELECT *, 0 AS is_departure FROM arrival_totals
)
SELECT
    destination,
    event_timestamp,
    MAX(CASE WHEN is_departure = 1 AND window_hours = 3 THEN number_mean END) AS destination_departure_delay_mean_3h,
    MAX(CASE WHEN is_departure = 1 AND window_hours = 24 THEN number_mean END) AS destination_departure_delay_mean_24h,
    MAX(CASE WHEN is_departure = 1 AND window_hours = 3 THEN flag_share END) AS destination_departure_late_share_3h,
    MAX(CASE WHEN is_departure = 1 AND window_hours = 24 THEN flag_share END) AS destination_departure_late_share_24h,
    MAX(CASE WHEN is_departure = 0 AND window_hours = 3 THEN number_mean END) AS destination_arrival_delay_mean_3h,
    MAX(CASE WHEN is_departure = 0 AND window_hours = 24 THEN number_mean END) AS destination_arrival_delay_mean_24h,
    MAX(CASE WHEN is_departure = 0 AND window_hours = 3 THEN flag_share END) AS destination_arrival_late_share_3h,
    MAX(CASE WHEN is_departure = 0 AND window_hours = 24 THEN flag_share END) AS destination_arrival_late_share_24h
FROM totals
GROUP BY destination, event_timestamp
HAVING MAX(fact_count) > 0
