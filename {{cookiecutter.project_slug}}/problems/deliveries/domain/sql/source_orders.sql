-- orders: one row per order placed, cancelled ones included; known in the second in which it is placed.
SELECT
    CAST(ordered_at AT TIME ZONE 'Europe/Warsaw' AS DATE) AS service_date,
    order_id, restaurant, courier, carried_by, district,
    CAST(items AS INT) AS items,
    kilometres, ordered_at, promised_at, picked_up_at, handed_over_at,
    ordered_at AS known_at
FROM raw_orders
