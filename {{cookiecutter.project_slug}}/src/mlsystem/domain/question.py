"""What a caller says about a flight, and the features that follow from it alone: one code, offline and online."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mlsystem.contract.question import Field, Question
from mlsystem.domain.tables import CARRIERS, IATA_AIRPORT, ORIGINS

ZONE = ZoneInfo("America/New_York")  # of all three origins; a service date is a day there
LEAD = timedelta(hours=2)  # a traveller can still change plans
SHORTEST_BLOCK, LONGEST_BLOCK = 20, 900  # minutes, gate to gate

FIELDS = (
    Field("carrier", "who flies", "text", "DL", choices=CARRIERS),
    Field("flight_number", "the carrier's number", "integer", 1643, minimum=1, maximum=9_999),
    Field("origin", "from where", "text", "JFK", choices=ORIGINS),
    Field("destination", "to where; one that nobody has flown to is answered", "text", "LAX", pattern=IATA_AIRPORT),
    Field("scheduled_departure_at", "when it should leave the gate", "instant", "2013-06-03T21:00:00Z"),
    Field("scheduled_arrival_at", "when it should reach the gate", "instant", "2013-06-04T03:10:00Z"),
    Field("tail_number", "the aircraft", "text", "N328AA", pattern=r"^[A-Z0-9]{3,6}$", is_optional=True),
)


@dataclass(frozen=True)
class Flight(Question):
    """One flight as a caller describes it, before it departs."""

    carrier: str
    flight_number: int
    origin: str
    destination: str
    scheduled_departure_at: datetime
    scheduled_arrival_at: datetime
    tail_number: str | None = None

    @property
    def id(self) -> str:
        """One departure of one flight number from one airport on one New York day."""
        return f"{self.service_date}/{self.carrier}{self.flight_number}/{self.origin}"

    @property
    def service_date(self) -> date:
        return self.scheduled_departure_at.astimezone(ZONE).date()

    @property
    def usual_as_of(self) -> datetime:
        return self.scheduled_departure_at - LEAD

    @property
    def due_at(self) -> datetime:
        return self.scheduled_arrival_at


def impossible(flight: Flight) -> str | None:
    """What contradicts itself, as a sentence."""
    minutes = (flight.scheduled_arrival_at - flight.scheduled_departure_at) / timedelta(minutes=1)
    if not SHORTEST_BLOCK <= minutes <= LONGEST_BLOCK:
        return (
            f"scheduled_arrival_at must be {SHORTEST_BLOCK} to {LONGEST_BLOCK} minutes after scheduled_departure_at, "
            f"not {minutes:.0f}"
        )
    if flight.as_of > flight.scheduled_departure_at:
        return "as_of must not be after scheduled_departure_at"
    return None


def request_features(flight: Flight) -> dict[str, Any]:
    """The features that the request alone tells."""
    departure = flight.scheduled_departure_at.astimezone(ZONE)
    block = flight.scheduled_arrival_at - flight.scheduled_departure_at
    return {
        "carrier": flight.carrier,
        "origin": flight.origin,
        "destination": flight.destination,
        "departure_minute_of_day": departure.hour * 60 + departure.minute,
        "departure_day_of_week": departure.weekday(),
        "scheduled_block_minutes": block.total_seconds() / 60,
    }
