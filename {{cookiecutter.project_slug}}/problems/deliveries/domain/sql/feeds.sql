-- feeds: one row per 15-minute tick: how many facts of each table should have come since its last one came.
-- A table that nothing is due of (at night) is not silent, however old its last fact is; one that stops at noon is.
WITH heard AS (
    SELECT 'orders' AS feed, known_at FROM orders
    UNION ALL SELECT 'pickups', known_at FROM pickups
    UNION ALL SELECT 'handovers', known_at FROM handovers
    UNION ALL SELECT 'weather', known_at FROM weather
),
placed AS (SELECT order_id, MIN(known_at) AS known_at, MIN(promised_at) AS promised_at FROM orders GROUP BY order_id),
taken AS (SELECT order_id, MIN(known_at) AS taken_at FROM pickups GROUP BY order_id),
due AS (
    -- The order of a pickup that nobody had placed.
    SELECT 'orders' AS feed, taken_at AS due_at
    FROM taken LEFT JOIN placed ON placed.order_id = taken.order_id AND placed.known_at <= taken.taken_at
    WHERE placed.order_id IS NULL
    -- Most are taken over half an hour after they were placed.
    UNION ALL SELECT 'pickups', known_at + INTERVAL '30' MINUTE FROM placed
    UNION ALL SELECT 'handovers', promised_at + INTERVAL '15' MINUTE FROM placed
    UNION ALL
    SELECT 'weather', known_at + INTERVAL '30' MINUTE
    FROM (SELECT DISTINCT event_id, known_at FROM weather) AS observations
),
changes AS (
    SELECT feed, known_at AS moment, 0 AS facts_due, 1 AS is_fact, 0 AS is_tick FROM heard
    UNION ALL SELECT feed, due_at, 1, 0, 0 FROM due
    UNION ALL
    SELECT feed, tick_at, 0, 0, 1
    FROM (VALUES ('orders'), ('pickups'), ('handovers'), ('weather')) AS feeds(feed) CROSS JOIN ticks
),
counted AS (
    SELECT feed, moment, is_fact, is_tick, SUM(facts_due) OVER so_far AS due_so_far
    FROM changes
    WINDOW so_far AS (PARTITION BY feed ORDER BY moment RANGE UNBOUNDED PRECEDING)
),
answered AS (
    SELECT
        feed, moment, is_tick, due_so_far,
        MAX(CASE WHEN is_fact = 1 THEN moment END) OVER so_far AS heard_at,
        MAX(CASE WHEN is_fact = 1 THEN due_so_far END) OVER so_far AS due_when_heard
    FROM counted
    WINDOW so_far AS (PARTITION BY feed ORDER BY moment RANGE UNBOUNDED PRECEDING)
),
overdue AS (
    -- At most 100, and 100 for what was not heard of for three days: what lies further back is not at hand any more.
    SELECT feed, moment,
        CASE WHEN heard_at >= moment - INTERVAL '72' HOUR THEN LEAST(due_so_far - due_when_heard, 100) ELSE 100 END AS facts
    FROM answered WHERE is_tick = 1
)
SELECT
    moment AS event_timestamp,
    CAST(MAX(CASE WHEN feed = 'orders' THEN facts END) AS BIGINT) AS overdue_orders,
    CAST(MAX(CASE WHEN feed = 'pickups' THEN facts END) AS BIGINT) AS overdue_pickups,
    CAST(MAX(CASE WHEN feed = 'handovers' THEN facts END) AS BIGINT) AS overdue_handovers,
    CAST(MAX(CASE WHEN feed = 'weather' THEN facts END) AS BIGINT) AS overdue_weather
FROM overdue
GROUP BY moment
