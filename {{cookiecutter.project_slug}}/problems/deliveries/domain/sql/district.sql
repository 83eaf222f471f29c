-- district: one row per district and 15-minute tick at which an order has reached it in the last 168 hours.
WITH totals AS (
$rolling_handovers
)
SELECT
    district,
    event_timestamp,
    MAX(CASE WHEN window_hours = 2 THEN number_mean END) AS district_lateness_2h,
    MAX(CASE WHEN window_hours = 2 THEN flag_share END) AS district_late_share_2h,
    MAX(CASE WHEN window_hours = 24 THEN number_mean END) AS district_lateness_24h,
    MAX(CASE WHEN window_hours = 24 THEN flag_share END) AS district_late_share_24h,
    MAX(CASE WHEN window_hours = 168 THEN number_mean END) AS district_lateness_168h,
    MAX(CASE WHEN window_hours = 168 THEN flag_share END) AS district_late_share_168h
FROM totals
GROUP BY district, event_timestamp
HAVING MAX(fact_count) > 0
