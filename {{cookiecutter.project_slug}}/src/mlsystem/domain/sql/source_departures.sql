-- departures: one row per flight that left the gate; known when it leaves.
SELECT
    service_date,
    flight_id || '/departed' AS event_id,
    flight_id, carrier, origin, destination, tail_number, scheduled_departure_at,
    scheduled_departure_at + departure_delay_minutes * INTERVAL '1' MINUTE AS departed_at,
    departure_delay_minutes,
    scheduled_departure_at + departure_delay_minutes * INTERVAL '1' MINUTE AS known_at
FROM flights
WHERE departure_delay_minutes IS NOT NULL
