"""What a caller may send and what is answered, with the domain's sets, patterns and ranges."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from mlsystem.domain.features import REQUEST_FEATURES
from mlsystem.domain.tables import CARRIERS, IATA_AIRPORT, ORIGINS
from mlsystem.serving.asked import AskedFlight

BLOCK = next(feature for feature in REQUEST_FEATURES if feature.name == "scheduled_block_minutes")
TAIL_NUMBER = r"^[A-Z0-9]{3,6}$"
# A caller's clock may be wrong by years; what is outside this is surely a mistake.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _written_out(value: object) -> object:
    """A text of digits alone is a number to Pydantic, and a Unix time; whether in seconds or not, it guesses."""
    if not isinstance(value, str) or "-" not in value[1:]:
        raise PydanticCustomError("datetime_type", "an instant is a text")  # refusals.py says it in full
    return value


Instant = Annotated[AwareDatetime, Field(strict=False, ge=EARLIEST, le=LATEST), BeforeValidator(_written_out)]
if TYPE_CHECKING:
    Carrier: TypeAlias = str
    Origin: TypeAlias = str
else:
    Carrier, Origin = Literal[CARRIERS], Literal[ORIGINS]

Decision = Literal["warn", "stay_silent"]


class FlightQuestion(BaseModel):
    """One flight before it departs. A destination that nobody has flown to is answered; an unknown carrier is not."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    carrier: Carrier
    flight_number: int = Field(ge=1, le=9_999)
    origin: Origin
    destination: str = Field(pattern=IATA_AIRPORT, examples=["LAX"])
    scheduled_departure_at: Instant = Field(examples=["2013-06-03T21:00:00Z"])
    scheduled_arrival_at: Instant = Field(examples=["2013-06-04T03:10:00Z"])
    tail_number: str | None = Field(default=None, pattern=TAIL_NUMBER, examples=["N328AA"])
    as_of: Instant | None = Field(default=None, description="the moment of prediction; 2 h before departure if absent")

    @model_validator(mode="after")
    def _times_make_sense(self) -> "FlightQuestion":
        block = self.scheduled_arrival_at - self.scheduled_departure_at
        if not timedelta(minutes=BLOCK.minimum) <= block <= timedelta(minutes=BLOCK.maximum):
            raise PydanticCustomError(
                "block",
                "scheduled_arrival_at must be {low} to {high} minutes after scheduled_departure_at, not {found}",
                {"low": BLOCK.minimum, "high": BLOCK.maximum, "found": round(block.total_seconds() / 60)},
            )
        if self.as_of is not None and self.as_of > self.scheduled_departure_at:
            raise PydanticCustomError("as_of", "as_of must not be after scheduled_departure_at")
        return self

    def to_flight(self) -> AskedFlight:
        """The domain's flight, with its instants in UTC."""
        return AskedFlight(
            self.carrier,
            self.origin,
            self.destination,
            self.scheduled_departure_at.astimezone(UTC),
            self.scheduled_arrival_at.astimezone(UTC),
            self.tail_number,
            self.flight_number,
            self.as_of and self.as_of.astimezone(UTC),
        )


class PredictRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    flights: list[FlightQuestion] = Field(min_length=1)


def limited_request(max_flights: int) -> type[PredictRequest]:
    """The request with a longest list: one caller must not take all the time there is."""
    flights = (list[FlightQuestion], Field(min_length=1, max_length=max_flights))
    return create_model("PredictRequest", __base__=PredictRequest, flights=flights)


class Reason(BaseModel):
    """One feature's part in the answer; `contribution` is in log-odds, and positive towards late.

    A reason may speak against the decision: it is one of those that moved the model most, either way. It is summed
    along the trees' paths, which is not SHAP; the model card says how often the two agree.
    """

    feature: str
    meaning: str
    unit: str
    value: float | str | None
    contribution: float


class Answer(BaseModel):
    """One flight's answer. The first five fields say which flight, so that answers can be joined to questions."""

    prediction_id: str
    carrier: str
    flight_number: int | None
    origin: str
    destination: str
    scheduled_departure_at: datetime
    as_of: datetime
    probability: float = Field(description="that it arrives 15 or more minutes late")
    decision: Decision
    reasons: list[Reason]
    model_version: str
    feature_ages_seconds: dict[str, float] = Field(description="per feature view that was known at as_of")
    degraded: bool = Field(description="whether a view that every flight should have was stale or missing")
    degraded_because: list[str]


class PredictResponse(BaseModel):
    """Answers in the order of the questions."""

    predictions: list[Answer]
