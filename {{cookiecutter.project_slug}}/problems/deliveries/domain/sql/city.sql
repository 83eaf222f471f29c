-- city: one row per observation of the rain, as of the moment it became known. News of an older half hour is no news.
SELECT known_at AS event_timestamp, rain_mm AS rain
FROM (
    SELECT
        *,
        MAX(observed_at) OVER (ORDER BY known_at RANGE UNBOUNDED PRECEDING) AS newest_observed_at,
        ROW_NUMBER() OVER (PARTITION BY known_at ORDER BY observed_at DESC, rain_mm DESC) AS copy
    FROM weather
    WHERE known_at <= observed_at + INTERVAL '24' HOUR
) AS observations
WHERE observed_at = newest_observed_at AND copy = 1
