-- days: one row per service date, what was delivered and how much of it was refused. Grain of the day's own rules.
WITH flights_per_day AS (
    SELECT service_date, COUNT(*) AS flights, COUNT(DISTINCT carrier) AS scheduled_airlines
    FROM flights GROUP BY service_date
),
departures_per_day AS (SELECT service_date, COUNT(*) AS departures FROM departures GROUP BY service_date),
arrivals_per_day AS (SELECT service_date, COUNT(*) AS arrivals FROM arrivals GROUP BY service_date),
weather_per_day AS (SELECT service_date, COUNT(*) AS weather_hours FROM weather GROUP BY service_date),
quarantined_per_day AS (SELECT service_date, COUNT(*) AS quarantined FROM quarantined GROUP BY service_date)
SELECT
    wanted.service_date,
    COALESCE(flights, 0) AS flights,
    COALESCE(scheduled_airlines, 0) AS scheduled_airlines,
    COALESCE(departures, 0) / CAST(GREATEST(flights, 1) AS DOUBLE) AS departed_share,
    COALESCE(arrivals, 0) / CAST(GREATEST(departures, 1) AS DOUBLE) AS arrived_share,
    COALESCE(weather_hours, 0) AS weather_hours,
    COALESCE(quarantined, 0) / CAST(GREATEST(COALESCE(flights, 0) + COALESCE(departures, 0) + COALESCE(arrivals, 0)
        + COALESCE(weather_hours, 0), 1) AS DOUBLE) AS quarantined_share
FROM wanted
LEFT JOIN flights_per_day ON flights_per_day.service_date = wanted.service_date
LEFT JOIN departures_per_day ON departures_per_day.service_date = wanted.service_date
LEFT JOIN arrivals_per_day ON arrivals_per_day.service_date = wanted.service_date
LEFT JOIN weather_per_day ON weather_per_day.service_date = wanted.service_date
LEFT JOIN quarantined_per_day ON quarantined_per_day.service_date = wanted.service_date
