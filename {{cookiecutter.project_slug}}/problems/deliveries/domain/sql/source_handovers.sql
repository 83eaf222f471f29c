-- handovers: one row per order that reached its customer; known when that happens.
SELECT
    service_date,
    order_id || '/handed_over' AS event_id,
    order_id, restaurant, carried_by, district, handed_over_at,
    CAST(EPOCH(handed_over_at) - EPOCH(promised_at) AS INT) AS late_seconds,
    handed_over_at AS known_at
FROM orders
WHERE handed_over_at IS NOT NULL
