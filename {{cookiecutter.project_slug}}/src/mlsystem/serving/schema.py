"""What a caller may send and what is answered, from the domain's declaration of a question."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from mlsystem.contract.question import Field as Said
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM

# A caller's clock may be wrong by years; what is outside this is surely a mistake.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _written_out(value: object) -> object:
    """A text of digits alone is a number to Pydantic, and a Unix time; whether in seconds or not, it guesses."""
    if not isinstance(value, str) or "-" not in value[1:]:
        raise PydanticCustomError("datetime_type", "an instant is a text")  # refusals.py says it in full
    return value


Instant = Annotated[AwareDatetime, Field(strict=False, ge=EARLIEST, le=LATEST), BeforeValidator(_written_out)]


def _type_of(said: Said) -> Any:
    match said.type:
        case "text":
            return Literal[said.choices] if said.choices else str
        case "integer":
            return int
        case "number":
            return float
    return Instant


def _field(said: Said) -> tuple[Any, Any]:
    """One field as Pydantic has it: its type, and what else is known of it."""
    kind, default = _type_of(said), None if said.is_optional else ...
    field = Field(
        default=default,
        description=said.meaning,
        examples=[said.example],
        ge=said.minimum,
        le=said.maximum,
        pattern=said.pattern,
    )
    return (kind | None if said.is_optional else kind), field


class _Asked(BaseModel):
    """What every question has, whatever the domain."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    as_of: Instant | None = Field(
        default=None, description=f"the moment of prediction; {PROBLEM.words.asked} if absent"
    )

    @model_validator(mode="after")
    def _is_possible(self) -> "_Asked":
        if problem := PROBLEM.impossible(self.to_question()):
            raise PydanticCustomError("impossible", "{problem}", {"problem": problem})
        return self

    def to_question(self) -> Question:
        """The domain's question, with its instants in UTC."""
        said = {name: _utc(getattr(self, name)) for name in (*(one.name for one in PROBLEM.fields), "as_of")}
        return PROBLEM.question(asked_at=said.pop("as_of"), **said)


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


FIELDS: dict[str, Any] = {said.name: _field(said) for said in PROBLEM.fields}
QuestionRequest: Any = create_model("Question", __base__=_Asked, __doc__=PROBLEM.words.title, **FIELDS)


class PredictRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    questions: list[QuestionRequest] = Field(min_length=1)


def limited_request(most: int) -> type[PredictRequest]:
    """The request with a longest list: one caller must not take all the time there is."""
    questions = (list[QuestionRequest], Field(min_length=1, max_length=most))
    return create_model("PredictRequest", __base__=PredictRequest, questions=questions)


class Reason(BaseModel):
    """One feature's part in the answer; `contribution` is in log-odds, and positive towards a true label.

    A reason may speak against the decision: it is one of those that moved the model most, either way. It is summed
    along the trees' paths, which is not SHAP; the model card says how often the two agree.
    """

    feature: str
    meaning: str
    unit: str
    value: float | str | None
    contribution: float


class Answer(BaseModel):
    """One question's answer. `question_id` says which, so that answers can be joined to questions and to labels."""

    prediction_id: str
    question_id: str
    as_of: datetime
    probability: float = Field(description=f"that it {PROBLEM.label.meaning}")
    decision: str = Field(description=f"{PROBLEM.words.act} or {PROBLEM.words.hold}")
    reasons: list[Reason]
    model_version: str
    feature_ages_seconds: dict[str, float] = Field(description="per feature view that was known at as_of")
    degraded: bool = Field(description="whether a view that every question should have was stale or missing")
    degraded_because: list[str]


class PredictResponse(BaseModel):
    """Answers in the order of the questions."""

    predictions: list[Answer]
