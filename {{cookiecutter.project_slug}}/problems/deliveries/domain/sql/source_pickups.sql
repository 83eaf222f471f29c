-- pickups: one row per order that a courier took over; known when that happens.
SELECT
    service_date,
    order_id || '/picked_up' AS event_id,
    order_id, restaurant, picked_up_at,
    CAST(EPOCH(picked_up_at) - EPOCH(ordered_at) AS INT) AS wait_seconds,
    picked_up_at AS known_at
FROM orders
WHERE picked_up_at IS NOT NULL
