-- airports: one row per destination that is scheduled that day, with the time zone that the airports file gives it.
-- Known when the day begins in New York.
SELECT DISTINCT
    service_date,
    STRFTIME(service_date, '%Y-%m-%d') || '/' || destination AS airport_day_id,
    destination,
    time_zone,
    CAST(service_date AS TIMESTAMP) AT TIME ZONE 'America/New_York' AS known_at
FROM flights
LEFT JOIN (SELECT faa AS airport, tzone AS time_zone FROM raw_airports) AS time_zones ON airport = destination
