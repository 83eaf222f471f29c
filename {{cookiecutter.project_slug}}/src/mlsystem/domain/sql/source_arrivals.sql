-- arrivals: one row per flight that arrived at its scheduled destination; known when it arrives.
SELECT
    service_date,
    flight_id || '/arrived' AS event_id,
    flight_id, carrier, origin, destination, tail_number, scheduled_departure_at,
    scheduled_arrival_at + arrival_delay_minutes * INTERVAL '1' MINUTE AS arrived_at,
    arrival_delay_minutes,
    scheduled_arrival_at + arrival_delay_minutes * INTERVAL '1' MINUTE AS known_at
FROM flights
WHERE arrival_delay_minutes IS NOT NULL
