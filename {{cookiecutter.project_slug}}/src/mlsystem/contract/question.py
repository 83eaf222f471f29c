"""What a caller asks: the fields of a question, and the moments that follow from them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

FieldType = Literal["text", "integer", "number", "instant"]


@dataclass(frozen=True)
class Field:
    """One thing that a caller says: the request's schema, the log's column and the API's example come from it.

    A text has `choices` or a `pattern`; an integer or a number has both ends; an instant must have its offset.
    """

    name: str
    meaning: str
    type: FieldType
    example: Any
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    is_optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Question(ABC):
    """One question. The domain's dataclass adds its fields, with the names and in the order of the declarations.

    Instants are aware. `asked_at` is when it was asked, if not at the usual moment: a replayed clock may ask later.
    """

    asked_at: datetime | None = None

    @property
    def as_of(self) -> datetime:
        """The moment of prediction: no feature may know more than was known then."""
        return self.asked_at or self.usual_as_of

    @property
    @abstractmethod
    def id(self) -> str:
        """The key of its row in the questions' table."""

    @property
    @abstractmethod
    def service_date(self) -> date:
        """The day that it belongs to, on the domain's calendar."""

    @property
    @abstractmethod
    def usual_as_of(self) -> datetime:
        """When it is asked in life."""

    @property
    @abstractmethod
    def due_at(self) -> datetime:
        """When its outcome is known, if all goes by plan."""
