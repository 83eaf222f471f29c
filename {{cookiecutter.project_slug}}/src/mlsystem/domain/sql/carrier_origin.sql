-- carrier_origin: one row per carrier, airport and 30-minute tick at which it has flown in the last 24 hours.
WITH totals AS (
$rolling_departures
)
SELECT
    carrier,
    origin,
    event_timestamp,
    MAX(CASE WHEN window_hours = 3 THEN number_mean END) AS carrier_origin_departure_delay_mean_3h,
    MAX(CASE WHEN window_hours = 24 THEN number_mean END) AS carrier_origin_departure_delay_mean_24h,
    MAX(CASE WHEN window_hours = 3 THEN flag_share END) AS carrier_origin_late_share_3h,
    MAX(CASE WHEN window_hours = 24 THEN flag_share END) AS carrier_origin_late_share_24h
FROM totals
GROUP BY carrier, origin, event_timestamp
HAVING MAX(fact_count) > 0
