-- weather: one row per origin and hour; known one hour after its hour began.
SELECT
    MAKE_DATE(CAST(year AS INT), CAST(month AS INT), CAST(day AS INT)) AS service_date,
    origin || '/' || STRFTIME(CAST(time_hour AS TIMESTAMPTZ), '%Y-%m-%dT%H') AS event_id,
    origin,
    CAST(time_hour AS TIMESTAMPTZ) AS observed_at,
    MAKE_TIMESTAMP(CAST(year AS INT), CAST(month AS INT), CAST(day AS INT), CAST(hour AS INT), 0, 0) AS local_hour,
    CAST(temp AS DOUBLE) AS temperature_fahrenheit,
    CAST(dewp AS DOUBLE) AS dew_point_fahrenheit,
    CAST(humid AS DOUBLE) AS humidity_percent,
    CAST(wind_dir AS DOUBLE) AS wind_direction_degrees,
    CAST(wind_speed AS DOUBLE) AS wind_speed_mph,
    CAST(precip AS DOUBLE) AS precipitation_inches,
    CAST(pressure AS DOUBLE) AS pressure_millibar,
    CAST(visib AS DOUBLE) AS visibility_miles,
    CAST(time_hour AS TIMESTAMPTZ) + INTERVAL '1' HOUR AS known_at
FROM raw_weather
