-- Sums over the facts alive in sliding windows: one row per key, window and tick.
-- A version of a fact enters when it becomes known and leaves when it is older than the window or replaced by a
-- correction; all that entered less all that left is the window. Integers, so that every engine gets the same.
WITH alive AS (
    SELECT
        $keys, window_hours, delay_minutes, is_late, known_at AS enters_at,
        LEAST(happened_at + window_hours * INTERVAL '1' HOUR, COALESCE(replaced_at, happened_at + INTERVAL '99' HOUR))
            AS leaves_at
    FROM $facts CROSS JOIN (VALUES $windows) AS windows(window_hours)
),
changes AS (
    SELECT $keys, window_hours, enters_at AS moment, delay_minutes, is_late, 1 AS facts, 0 AS is_tick
    FROM alive WHERE enters_at < leaves_at
    UNION ALL
    SELECT $keys, window_hours, leaves_at, -delay_minutes, -is_late, -1, 0
    FROM alive WHERE enters_at < leaves_at
    UNION ALL
    SELECT $keys, window_hours, tick_at, 0, 0, 0, 1
    FROM (SELECT DISTINCT $keys, window_hours FROM alive) AS entities CROSS JOIN ticks
),
totals AS (
    SELECT
        $keys, window_hours, moment, is_tick,
        SUM(delay_minutes) OVER so_far AS delay_sum,
        SUM(is_late) OVER so_far AS late_count,
        SUM(facts) OVER so_far AS fact_count
    FROM changes
    WINDOW so_far AS (PARTITION BY $keys, window_hours ORDER BY moment RANGE UNBOUNDED PRECEDING)
)
SELECT
    $keys, window_hours, moment AS event_timestamp, fact_count,
    delay_sum / CAST(NULLIF(fact_count, 0) AS DOUBLE) AS delay_mean,
    late_count / CAST(NULLIF(fact_count, 0) AS DOUBLE) AS late_share
FROM totals
WHERE is_tick = 1
