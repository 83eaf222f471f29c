-- flights: one row per scheduled departure. In UTC; the arrival instant is rebuilt from the destination's clock,
-- because the source gives arrival times as HHMM on the wall there, without a date.
WITH scheduled AS (
    SELECT
        MAKE_DATE(CAST(year AS INT), CAST(month AS INT), CAST(day AS INT)) AS service_date,
        carrier,
        CAST(flight AS INT) AS flight_number,
        raw_flights.origin,
        dest AS destination,
        tailnum AS tail_number,
        CAST(dep_delay AS INT) AS departure_delay_minutes,
        CAST(arr_delay AS INT) AS arrival_delay_minutes,
        CAST(time_hour AS TIMESTAMPTZ) + CAST(minute AS INT) * INTERVAL '1' MINUTE AS scheduled_departure_at,
        sched_arr_time // 100 * 60 + sched_arr_time % 100 AS arrival_wall_minute,
        COALESCE(time_zones.time_zone, supplement.time_zone) AS time_zone
    FROM raw_flights
    LEFT JOIN (SELECT faa AS airport, tzone AS time_zone FROM raw_airports) AS time_zones ON time_zones.airport = dest
    LEFT JOIN supplement ON supplement.airport = dest
),
on_the_wall AS (
    SELECT *, scheduled_departure_at AT TIME ZONE time_zone AS departure_wall FROM scheduled
),
timed AS (
    SELECT
        *,
        -- Both clocks on the destination's wall; a day has 1,440 minutes and no route takes longer.
        CAST((arrival_wall_minute - HOUR(departure_wall) * 60 - MINUTE(departure_wall) + 2880) % 1440 AS INT)
            AS scheduled_block_minutes
    FROM on_the_wall
)
SELECT
    service_date,
    STRFTIME(service_date, '%Y-%m-%d') || '/' || carrier || flight_number || '/' || origin AS flight_id,
    carrier,
    flight_number,
    origin,
    destination,
    tail_number,
    scheduled_departure_at,
    scheduled_departure_at + scheduled_block_minutes * INTERVAL '1' MINUTE AS scheduled_arrival_at,
    scheduled_block_minutes,
    departure_delay_minutes,
    arrival_delay_minutes,
    scheduled_departure_at - INTERVAL '24' HOUR AS known_at  -- assumed: the timetable and the aircraft, a day before
FROM timed
