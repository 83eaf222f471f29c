-- airports: one row per destination that is scheduled that day, with the time zone that the airports file gives it.
SELECT DISTINCT
    service_date,
    STRFTIME(service_date, '%Y-%m-%d') || '/' || destination AS airport_day_id,
    destination,
    time_zone
FROM flights
LEFT JOIN time_zones ON airport = destination
