"""What a caller says about a flight, and the features that follow from it alone: one code, offline and online."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from mlsystem.domain.calendar import HOME_TIME_ZONE, PREDICTION_LEAD
from mlsystem.domain.features import MODEL_FEATURES, REQUEST_FEATURES, SILENCED, SILENT_FROM

ENTITY_KEYS = ("origin", "carrier", "destination", "tail_number")
AREA = "New York"  # where all origins lie: the key of what is the same for every flight
# Categories as numbers, in the order of their declaration; a value never seen before is missing, not an error.
CODES = {
    feature.name: {value: float(code) for code, value in enumerate(feature.categories)}
    for feature in REQUEST_FEATURES
    if feature.categories
}
MODEL_COLUMNS = tuple(feature.name for feature in MODEL_FEATURES)


def flight_id(service_date: date, carrier: str, flight_number: int, origin: str) -> str:
    """The natural key: one departure of one flight number from one airport on one New York day."""
    return f"{service_date}/{carrier}{flight_number}/{origin}"


@dataclass(frozen=True)
class Flight:
    """One flight as a caller describes it, before it departs. Instants are aware."""

    carrier: str
    origin: str
    destination: str
    scheduled_departure_at: datetime
    scheduled_arrival_at: datetime
    tail_number: str | None = None
    flight_number: int | None = None

    @property
    def as_of(self) -> datetime:
        """The moment of prediction: no feature may know more than was known then."""
        return self.scheduled_departure_at - PREDICTION_LEAD

    @property
    def entity_row(self) -> dict[str, str]:
        """The keys under which the feature store is asked; an unnamed aircraft is one that nobody has seen."""
        return {"area": AREA} | {key: getattr(self, key) or "unknown" for key in ENTITY_KEYS}


def silent_tables(stored: Mapping[str, Any]) -> tuple[str, ...]:
    """The source tables that have stopped coming, by what the store knew: no feature made from them says anything."""
    return tuple(name for name, limit in SILENT_FROM.items() if (stored.get(f"overdue_{name}") or 0) >= limit)


def heard(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """The stored values, without those that are made from a silent table."""
    silenced = {feature for table in silent_tables(stored) for feature in SILENCED[table]}
    return {**stored, **dict.fromkeys(silenced)} if silenced else stored


def request_features(flight: Flight, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The features that need the request: its own fields, and ages that count up to its `as_of`."""
    departure = flight.scheduled_departure_at.astimezone(HOME_TIME_ZONE)
    block = flight.scheduled_arrival_at - flight.scheduled_departure_at
    previous_leg_at = stored.get("previous_leg_at")
    age = None if previous_leg_at is None else (flight.as_of - previous_leg_at).total_seconds() / 3600
    return {
        "carrier": flight.carrier,
        "origin": flight.origin,
        "destination": flight.destination,
        "departure_minute_of_day": departure.hour * 60 + departure.minute,
        "departure_day_of_week": departure.weekday(),
        "scheduled_block_minutes": block.total_seconds() / 60,
        "previous_leg_age": age,
    }


def model_row(flight: Flight, stored: Mapping[str, Any]) -> list[float]:
    """One row of a model's input matrix, in the order of MODEL_COLUMNS; NaN is missing, or from a silent table."""
    stored = heard(stored)
    values = {**stored, **request_features(flight, stored)}
    return [_as_number(name, values.get(name)) for name in MODEL_COLUMNS]


def _as_number(name: str, value: Any) -> float:
    if value is None:
        return math.nan
    codes = CODES.get(name)
    return float(value) if codes is None else codes.get(value, math.nan)
