-- weather: one row per origin and delivered observation, as of the moment it became known.
SELECT
    origin,
    known_at AS event_timestamp,
    temperature_fahrenheit AS weather_temperature,
    dew_point_fahrenheit AS weather_dew_point,
    wind_direction_degrees AS weather_wind_direction,
    wind_speed_mph AS weather_wind_speed,
    precipitation_inches AS weather_precipitation,
    pressure_millibar AS weather_pressure,
    visibility_miles AS weather_visibility
FROM (
    SELECT
        *,
        -- News of an older hour than the newest known is no news.
        MAX(observed_at) OVER (PARTITION BY origin ORDER BY known_at RANGE UNBOUNDED PRECEDING) AS newest_observed_at,
        ROW_NUMBER() OVER (PARTITION BY origin, known_at ORDER BY observed_at DESC, wind_speed_mph DESC) AS copy
    FROM weather
    WHERE known_at <= observed_at + INTERVAL '24' HOUR
) AS observations
WHERE observed_at = newest_observed_at AND copy = 1
