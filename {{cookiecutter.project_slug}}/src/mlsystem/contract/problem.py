"""The whole declaration of a domain in one object, and what follows from it: domain/__init__.py has the PROBLEM."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mlsystem.contract.costs import Costs
from mlsystem.contract.features import EVERYTHING, Feature, View
from mlsystem.contract.label import Label
from mlsystem.contract.limits import Limits
from mlsystem.contract.question import Field, Question
from mlsystem.contract.slices import Bands, Categories, Cell, Conditions
from mlsystem.contract.tables import Facts, Source, Table

UNKNOWN = "unknown"  # the key of what a caller may leave out
OVERDUE = "overdue_"  # with a table's name: the freshness view's feature


def split_days(first: date, last: date) -> tuple[date, date]:
    """The first days of those that choose, a twelfth, and of those that judge, the last quarter; those before teach.

    Of a year: September, and October.
    """
    days = (last - first).days + 1
    return first + timedelta(days=days * 2 // 3), first + timedelta(days=days * 3 // 4)


@dataclass(frozen=True)
class Words:
    """How people speak of the problem, for pages, cards and messages."""

    title: str  # what is asked, as a question
    asked: str  # when, as in "two hours before departure"
    question: str  # one of what is asked about, and many
    questions: str
    positive: str  # those whose label is true are so, and the others
    negative: str
    act: str  # the two decisions, as the service says them
    hold: str
    acting: str  # a noun for what we did, and for what happens to whom we did it too late or not at all
    missing: str
    unlabelled: str  # those that never get a label are so
    whom: str  # whom a decision is for
    clock: str  # of the service dates, as in "New York time"
    data: str  # where the data is from, and what it is
    caveats: tuple[str, ...] = ()  # what a reader of the model card must know, a sentence each


@dataclass(frozen=True)
class Truth:
    """What only a simulator knows: the true probability of a question by its id, and when its law was changed."""

    probabilities: Callable[[Path, int], Mapping[str, float]]
    changes: Mapping[date, str]


@dataclass(frozen=True)
class Problem:
    """`sql` is the folder with source_<table>.sql, days.sql and <view>.sql; `constants` are its $names.

    `request` gives the request features of a question; `impossible` says what contradicts itself in it, or nothing.
    """

    name: str  # of the registered model and, with a version, of the feature service
    words: Words
    zone: ZoneInfo
    first_day: date  # of the data, by its service dates
    last_day: date
    held_out: tuple[date, date]  # those of which the demo replays one
    source: Source
    tables: tuple[Table, ...]  # in the order in which their SQL is run
    days: Table
    sql: Path
    constants: Mapping[str, str | int | float]
    asked_of: str  # the table of the questions
    question: type[Question]
    fields: tuple[Field, ...]
    impossible: Callable[[Any], str | None]
    label: Label
    facts: tuple[Facts, ...]
    views: tuple[View, ...]
    freshness: str | None  # the view whose features are overdue_<table>
    request_features: tuple[Feature, ...]
    request: Callable[[Any], Mapping[str, Any]]
    costs: Costs
    baseline: tuple[Cell, ...]
    slices: tuple[Categories | Bands | Conditions, ...]
    limits: Limits
    truth: Truth | None = None

    def sql_text(self, name: str) -> str:
        """The text of one of the SQL files."""
        return (self.sql / f"{name}.sql").read_text(encoding="utf-8")

    @cached_property
    def table(self) -> Mapping[str, Table]:
        return {table.name: table for table in self.tables}

    @cached_property
    def fact(self) -> Mapping[str, Facts]:
        return {facts.name: facts for facts in self.facts}

    @property
    def id_column(self) -> str:
        """The key of the questions' table, by which the labels' table names them too."""
        return self.table[self.asked_of].key

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Every view's keys, each a field of the question."""
        return tuple(dict.fromkeys(key for view in self.views for key in view.keys))

    @cached_property
    def optional_views(self) -> tuple[str, ...]:
        """Those with a key that a caller may leave out."""
        optional = {field.name for field in self.fields if field.is_optional}
        return tuple(view.name for view in self.views if view.is_input and optional.intersection(view.keys))

    @cached_property
    def stored_features(self) -> tuple[Feature, ...]:
        return tuple(feature for view in self.views for feature in view.features)

    @cached_property
    def instants(self) -> tuple[str, ...]:
        """The stored instants, of which a model sees the age."""
        return tuple(feature.name for feature in self.stored_features if feature.type == "instant")

    @cached_property
    def model_features(self) -> tuple[Feature, ...]:
        """What a model sees, in the order of its columns: instants only through their age."""
        inputs = (feature for view in self.views if view.is_input for feature in view.features)
        return self.request_features + tuple(feature for feature in inputs if feature.type != "instant")

    @cached_property
    def model_feature(self) -> Mapping[str, Feature]:
        return {feature.name: feature for feature in self.model_features}

    @cached_property
    def model_columns(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.model_features)

    @cached_property
    def codes(self) -> Mapping[str, Mapping[str, float]]:
        """Categories as numbers, in the order of their declaration; one never seen before is missing, not an error."""
        return {
            feature.name: {value: float(code) for code, value in enumerate(feature.categories)}
            for feature in self.model_features
            if feature.categories
        }

    @cached_property
    def silent_from(self) -> Mapping[str, int]:
        """By table whose freshness is looked at: from how many overdue facts on it is silent."""
        return {table.name: table.silent_from for table in self.tables if table.silent_from}

    @cached_property
    def silenced(self) -> Mapping[str, tuple[str, ...]]:
        """By that table: the stored features that say nothing while it is silent."""
        inputs = [view for view in self.views if view.is_input]
        return {
            name: tuple(f.name for view in inputs for f in view.features if name in (f.tables or view.tables))
            for name in self.silent_from
        }

    @cached_property
    def longest_window(self) -> timedelta:
        return timedelta(hours=max((f.window_hours or 0 for f in self.stored_features), default=0))

    @cached_property
    def lookback_days(self) -> int:
        """Service dates before a day that can still matter to it: the latest fact and the longest window."""
        latest = max((facts.late_by for facts in self.facts), default=timedelta())
        return math.ceil((latest + self.longest_window) / timedelta(days=1)) + 1

    @cached_property
    def days_ahead(self) -> int:
        """Service dates after a UTC day that can have begun on it: one east of Greenwich."""
        offsets = (datetime(self.first_day.year, month, 1, tzinfo=self.zone).utcoffset() for month in range(1, 13))
        return int(max(offset or timedelta() for offset in offsets) > timedelta())

    @property
    def per_1000(self) -> str:
        """The unit of all money that is compared."""
        return f"{self.costs.currency} per 1,000 {self.words.questions}"

    @cached_property
    def example(self) -> Question:
        """The question that the fields' examples make."""
        return self.question(*(_read(field) for field in self.fields))

    @property
    def feature_service(self) -> str:
        """The name under which a model version finds exactly these features again."""
        return f"{self.name}_v1"

    def entity_row(self, question: Question) -> dict[str, str]:
        """The keys under which the feature store is asked; one that is not said is one that nobody has seen."""
        return {EVERYTHING: EVERYTHING} | {key: getattr(question, key) or UNKNOWN for key in self.keys}

    def silent_tables(self, stored: Mapping[str, Any]) -> tuple[str, ...]:
        """The tables that have stopped coming, by what the store knew: no feature made from them says anything."""
        overdue = ((name, limit, stored.get(f"{OVERDUE}{name}")) for name, limit in self.silent_from.items())
        return tuple(name for name, limit, facts in overdue if (facts or 0) >= limit)

    def model_row(self, question: Question, stored: Mapping[str, Any]) -> list[float]:
        """One row of a model's input, in the order of `model_columns`; NaN is missing, or from a silent table."""
        silenced = {feature for table in self.silent_tables(stored) for feature in self.silenced[table]}
        stored = {**stored, **dict.fromkeys(silenced)} if silenced else stored
        values = {**stored, **self.requested(question, stored)}
        return [self._as_number(name, values.get(name)) for name in self.model_columns]

    def requested(self, question: Question, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The request features: the question's own, and ages that count up to its moment. One code for all sides."""
        ages = {f.name: _hours(question, stored.get(f.age_of)) for f in self.request_features if f.age_of}
        return {**self.request(question), **ages}

    def _as_number(self, name: str, value: Any) -> float:
        if value is None:
            return math.nan
        codes = self.codes.get(name)
        return float(value) if codes is None else codes.get(value, math.nan)


def _read(field: Field) -> Any:
    return datetime.fromisoformat(field.example) if field.type == "instant" else field.example


def _hours(question: Question, instant: Any) -> float | None:
    return None if instant is None else (question.as_of - instant).total_seconds() / 3600
