-- Facts with the span in which each version of them was the newest known: one row per fact and version.
-- A duplicate delivery vanishes, a correction ends the life of what it corrects, a fact beyond the lateness bound
-- never lives. Read by every view, so that late, doubled and corrected facts mean the same to all of them.
WITH delivered AS (
    SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY $key, known_at ORDER BY number DESC) AS copy
    FROM (
        SELECT *, $instant AS happened_at, $number AS number, CASE WHEN $flag THEN 1 ELSE 0 END AS flag FROM $table
    ) AS facts
    WHERE known_at <= happened_at + INTERVAL '$late_by' SECOND
)
SELECT *, LEAD(known_at) OVER (PARTITION BY $key ORDER BY known_at) AS replaced_at
FROM delivered
WHERE copy = 1
