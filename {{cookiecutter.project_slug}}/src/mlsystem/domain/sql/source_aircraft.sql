-- aircraft: one row per registered aircraft that is scheduled that day (a sixth of the tail numbers are in no registry).
-- Known when the day begins in New York.
SELECT DISTINCT
    service_date,
    STRFTIME(service_date, '%Y-%m-%d') || '/' || tail_number AS aircraft_day_id,
    tail_number,
    manufacturer,
    model,
    CAST(seats AS INT) AS seats,
    CAST(year AS INT) AS built_year,
    CAST(service_date AS TIMESTAMP) AT TIME ZONE 'America/New_York' AS known_at
FROM flights
INNER JOIN raw_planes ON tailnum = tail_number
