-- Sums over the facts alive in sliding windows: one row per key, window and tick.
-- A version of a fact enters when it becomes known and leaves when it is older than the window or replaced by a
-- correction; all that entered less all that left is the window. Integers, so that every engine gets the same.
WITH alive AS (
    SELECT
        $keys, window_hours, number, flag, known_at AS enters_at,
        LEAST(
            happened_at + window_hours * INTERVAL '1' HOUR,
            COALESCE(replaced_at, happened_at + window_hours * INTERVAL '1' HOUR)
        ) AS leaves_at
    FROM (SELECT *, 'everything' AS everything FROM $facts) AS facts CROSS JOIN (VALUES $windows) AS windows(window_hours)
),
changes AS (
    SELECT $keys, window_hours, enters_at AS moment, number, flag, 1 AS facts, 0 AS is_tick
    FROM alive WHERE enters_at < leaves_at
    UNION ALL
    SELECT $keys, window_hours, leaves_at, -number, -flag, -1, 0
    FROM alive WHERE enters_at < leaves_at
    UNION ALL
    SELECT $keys, window_hours, tick_at, 0, 0, 0, 1
    FROM (SELECT DISTINCT $keys, window_hours FROM alive) AS entities CROSS JOIN ticks
),
totals AS (
    SELECT
        $keys, window_hours, moment, is_tick,
        SUM(number) OVER so_far AS number_sum,
        SUM(flag) OVER so_far AS flag_count,
        SUM(facts) OVER so_far AS fact_count
    FROM changes
    WINDOW so_far AS (PARTITION BY $keys, window_hours ORDER BY moment RANGE UNBOUNDED PRECEDING)
)
SELECT
    $keys, window_hours, moment AS event_timestamp, fact_count,
    number_sum / CAST(NULLIF(fact_count, 0) AS DOUBLE) AS number_mean,
    flag_count / CAST(NULLIF(fact_count, 0) AS DOUBLE) AS flag_share
FROM totals
WHERE is_tick = 1
