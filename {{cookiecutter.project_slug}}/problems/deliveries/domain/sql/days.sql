-- days: one row per service date, what was delivered and how much of it was refused. Grain of the day's own rules.
WITH ordered AS (SELECT service_date, COUNT(*) AS orders FROM orders GROUP BY service_date),
arrived AS (SELECT service_date, COUNT(*) AS handovers FROM handovers GROUP BY service_date),
observed AS (SELECT service_date, COUNT(*) AS weather_rows FROM weather GROUP BY service_date),
refused AS (SELECT service_date, COUNT(*) AS quarantined FROM quarantined GROUP BY service_date)
SELECT
    wanted.service_date,
    COALESCE(orders, 0) AS orders,
    -- Of a day without orders none is missing.
    CASE WHEN COALESCE(orders, 0) = 0 THEN 1.0 ELSE COALESCE(handovers, 0) / CAST(orders AS DOUBLE) END AS handed_over_share,
    COALESCE(weather_rows, 0) AS weather_rows,
    COALESCE(quarantined, 0) / CAST(GREATEST(COALESCE(orders, 0) + COALESCE(handovers, 0) + COALESCE(weather_rows, 0), 1)
        AS DOUBLE) AS quarantined_share
FROM wanted
LEFT JOIN ordered ON ordered.service_date = wanted.service_date
LEFT JOIN arrived ON arrived.service_date = wanted.service_date
LEFT JOIN observed ON observed.service_date = wanted.service_date
LEFT JOIN refused ON refused.service_date = wanted.service_date
