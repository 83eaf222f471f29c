-- weather: one row per half hour, of the whole city; known ten minutes after it began.
SELECT
    CAST(observed_at AT TIME ZONE 'Europe/Warsaw' AS DATE) AS service_date,
    STRFTIME(observed_at, '%Y-%m-%dT%H:%M') AS event_id,
    observed_at,
    rain_mm,
    observed_at + INTERVAL '10' MINUTE AS known_at
FROM raw_weather
