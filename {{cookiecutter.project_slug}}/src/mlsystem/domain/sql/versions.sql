-- Facts with the span in which each version of them was the newest known: one row per event and version.
-- A duplicate delivery vanishes, a correction ends the life of what it corrects, a fact beyond the lateness bound
-- never lives. Read by every view, so that late, doubled and corrected events mean the same to all of them.
WITH delivered AS (
    SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY event_id, known_at ORDER BY delay_minutes DESC) AS copy
    FROM (
        SELECT event_id, known_at, $instant AS happened_at, $delay AS delay_minutes, carrier, origin, destination,
            tail_number, scheduled_departure_at, service_date
        FROM $table
    ) AS facts
    WHERE known_at <= happened_at + INTERVAL '24' HOUR
)
SELECT
    event_id, known_at, happened_at, delay_minutes, carrier, origin, destination, tail_number, scheduled_departure_at,
    service_date,
    CASE WHEN delay_minutes >= 15 THEN 1 ELSE 0 END AS is_late,
    LEAD(known_at) OVER (PARTITION BY event_id ORDER BY known_at) AS replaced_at
FROM delivered
WHERE copy = 1
