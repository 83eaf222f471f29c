-- restaurant: one row per restaurant and 30-minute tick at which it has cooked in the last 168 hours.
WITH pickup_totals AS (
$rolling_pickups
),
handover_totals AS (
$rolling_handovers
),
totals AS (
    SELECT *, 1 AS is_pickup FROM pickup_totals
    UNION ALL
    SELECT *, 0 AS is_pickup FROM handover_totals
)
SELECT
    restaurant,
    event_timestamp,
    MAX(CASE WHEN is_pickup = 1 AND window_hours = 1 THEN number_mean END) AS restaurant_wait_1h,
    MAX(CASE WHEN is_pickup = 1 AND window_hours = 24 THEN number_mean END) AS restaurant_wait_24h,
    MAX(CASE WHEN is_pickup = 1 AND window_hours = 168 THEN number_mean END) AS restaurant_wait_168h,
    MAX(CASE WHEN is_pickup = 0 AND window_hours = 24 THEN number_mean END) AS restaurant_lateness_24h,
    MAX(CASE WHEN is_pickup = 0 AND window_hours = 24 THEN flag_share END) AS restaurant_late_share_24h,
    MAX(CASE WHEN is_pickup = 0 AND window_hours = 168 THEN number_mean END) AS restaurant_lateness_168h,
    MAX(CASE WHEN is_pickup = 0 AND window_hours = 168 THEN flag_share END) AS restaurant_late_share_168h
FROM totals
GROUP BY restaurant, event_timestamp
HAVING MAX(fact_count) > 0
