"""Mistakes in a domain's declarations, one by one: what is changed, and what must be said of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from mlsystem.contract.question import Question
from mlsystem.contract.slices import Bands, Categories, Cell, Conditions
from mlsystem.contract.tables import Rule
from mlsystem.domain import PROBLEM
from planting import (
    ASKED,
    CATEGORY,
    FACTS,
    FILE,
    INSTANT,
    LABELS,
    NUMBER,
    RAW,
    TEXT,
    VIEW,
    Planted,
    field,
    question,
    request_feature,
    rule,
    table,
    the,
    view,
)


def lacks_a_key(_: Question) -> Any:
    return {}["no_such_key"]


ANOTHER_ID = {
    "an id that is another column": Planted(
        question(id=lambda one: "another"),
        ("question.py: Changed.id of the example gives 'another'", f"its {PROBLEM.id_column} is"),
    ),
}
DECLARED: Mapping[str, Planted] = {
    **(ANOTHER_ID if hasattr(PROBLEM.example, PROBLEM.id_column) else {}),  # an id may also be made of many fields
    "no table": Planted(the(tables=()), ("tables.py: `tables` is empty", "at least one is needed")),
    "an empty word": Planted(
        the(words=replace(PROBLEM.words, act="")), ("problem.py: these words are empty: act", "say")
    ),
    "one word for two decisions": Planted(
        the(words=replace(PROBLEM.words, hold=PROBLEM.words.act)), ("problem.py: both decisions are called", "apart")
    ),
    "a name that no registry takes": Planted(
        the(name="My Model"), ("problem.py: the name 'My Model'", "small letters")
    ),
    "a decision that no program would compare": Planted(
        the(words=replace(PROBLEM.words, act="do it")), ("problem.py: the word act 'do it'", "small letters")
    ),
    "a held-out day that models learn from": Planted(
        the(held_out=(PROBLEM.first_day, PROBLEM.last_day)),
        (f"problem.py: held_out begins on {PROBLEM.first_day}", "in the last quarter of the data"),
    ),
    "days outside of the data": Planted(
        the(held_out=(PROBLEM.first_day - timedelta(days=1), PROBLEM.last_day)),
        ("problem.py: held_out is", "expected are days in order"),
    ),
    "a table twice": Planted(the(tables=(*PROBLEM.tables, ASKED)), ("tables.py: the table", "is declared 2 times")),
    "a rule of no kind": Planted(
        rule(Rule("betwen", (ASKED.key,), "critical", "")),  # type: ignore[arg-type]
        ("tables.py: the rule", "is 'betwen'", "expected is one of not_null,"),
    ),
    "a rule without its ends": Planted(
        rule(Rule("between", (ASKED.key,), "critical", "")), ("tables.py: the rule", "lacks max_value, min_value")
    ),
    "a rule of no severity": Planted(
        rule(Rule("not_null", (ASKED.key,), "fatal", "")),  # type: ignore[arg-type]
        ("tables.py: the rule", "is 'fatal'", "expected is one of warning, critical"),
    ),
    "a rule on one column that wants two": Planted(
        rule(Rule("not_before", ("known_at",), "critical", "")),
        ("tables.py: the rule", "about 1 columns; expected are 2"),
    ),
    "a rule that is none": Planted(table(rules=("not_null",)), ("tables.py:", "contract/tables.py", "AttributeError")),
    "questions of no table": Planted(
        the(asked_of="nowhere"),
        ("problem.py: asked_of is 'nowhere'", f"expected is one of the tables {PROBLEM.tables[0].name}"),
    ),
    "facts of no table": Planted(
        the(facts=(replace(FACTS, table="nowhere"),)),
        ("problem.py: the facts", "are of 'nowhere'", "expected is one of"),
    ),
    "limits of no column": Planted(
        the(source=replace(PROBLEM.source, files={FILE: replace(RAW, limits={"nowhere": (0, 1)})})),
        (f"source.py: {FILE} has limits for 'nowhere'", "none of its columns"),
    ),
    "a raw column of no type": Planted(
        the(source=replace(PROBLEM.source, files={FILE: replace(RAW, columns={**RAW.columns, "new": "bool"})})),
        (f"source.py: the column new of {FILE} is 'bool'", "expected is one of text,"),
    ),
    "a field that the class lacks": Planted(
        the(fields=(*PROBLEM.fields, replace(TEXT, name="forgotten"))),
        ("question.py: FIELDS are", "forgotten, those of the class", "make both equal"),
    ),
    "an example that is no choice": Planted(
        field(TEXT, example="nowhere", choices=("a", "b")),
        ("question.py: the field", "'nowhere'", "none of its choices"),
    ),
    "a text that may be anything": Planted(
        field(TEXT, choices=(), pattern=None), ("question.py: the field", "neither choices nor a pattern", "anything")
    ),
    "a number without an end": Planted(
        field(TEXT, type="integer", example=1, minimum=0), ("question.py: the field", "no maximum", "needed")
    ),
    "an instant without its offset": Planted(
        field(INSTANT, example="2031-01-31T21:00:00"),
        ("question.py: the field", "expected is an instant with its offset"),
    ),
    "a field of no type": Planted(
        field(TEXT, type="int"), ("question.py: the field", "is 'int'", "expected is one of text, integer")
    ),
    "a class that is no dataclass": Planted(the(question=int), ("question.py:", "is no dataclass", "@dataclass")),
    "an id that needs what is not there": Planted(
        question(id=lacks_a_key),
        ("question.py: Changed.id of the example gives KeyError: 'no_such_key'", "expected is a str"),
    ),
    "a service date that is none": Planted(
        question(service_date=lambda one: str(one.as_of)), ("question.py: Changed.service_date", "expected is a date")
    ),
    "due before it is asked": Planted(
        question(due_at=lambda one: one.as_of - timedelta(hours=1)),
        ("question.py: Changed: the example is due at", "asked at"),
    ),
    "an example that contradicts itself": Planted(
        the(impossible=lambda one: "never"),
        ("question.py: impossible() of the example gives 'never'", "expected is None"),
    ),
    "a label of no table": Planted(
        the(label=replace(PROBLEM.label, table="nowhere")),
        ("label.py: the label is in 'nowhere'", "expected is one of"),
    ),
    "a label that comes with the question": Planted(
        the(label=replace(PROBLEM.label, table=PROBLEM.asked_of, column=ASKED.key)),
        ("label.py: the label's column", "comes with the question: that is the answer"),
    ),
    "a key that no question says": Planted(
        view(keys=("nobody",)),
        (f"features.py: the view {VIEW.name} has the key 'nobody', which no question says", TEXT.name),
    ),
    "a view of no table": Planted(
        view(tables=("nowhere",)),
        (f"features.py: the view {VIEW.name} is made from 'nowhere'", f"known are {PROBLEM.tables[0].name}"),
    ),
    "a view that is gone before it ticks again": Planted(
        view(refresh=timedelta(hours=1), ttl=timedelta(minutes=5)),
        (f"features.py: the view {VIEW.name} has a ttl of 0:05:00", "at least its refresh, 1:00:00"),
    ),
    "a view that never ticks": Planted(
        view(refresh=timedelta()), (f"features.py: the view {VIEW.name} has a refresh of 0:00:00", "above 0")
    ),
    "a view that is none": Planted(the(views=("nowhere",)), ("features.py:", "AttributeError")),
    "a feature twice": Planted(
        view(features=(*VIEW.features, VIEW.features[0])), ("features.py: the feature", "is declared 2 times")
    ),
    "a feature of no type": Planted(
        request_feature(NUMBER, type="float"), (f"features.py: the feature {NUMBER.name} is 'float'", "one of number")
    ),
    "a range that is turned around": Planted(
        request_feature(NUMBER, minimum=1, maximum=0),
        (f"features.py: the feature {NUMBER.name} goes from 1 to 0", "in order"),
    ),
    "a category without its values": Planted(
        request_feature(CATEGORY, categories=()), (f"features.py: the feature {CATEGORY.name} is a category with 0",)
    ),
    "an age of nothing": Planted(
        request_feature(NUMBER, age_of="nowhere"),
        (f"features.py: the feature {NUMBER.name} is the age of 'nowhere'", "are"),
    ),
    "a freshness view that is not there": Planted(
        the(freshness="nowhere"), ("problem.py: freshness is the view 'nowhere'",)
    ),
    "a table that is watched and has no feature": Planted(
        table(LABELS, silent_from=0 if LABELS.silent_from else 5),
        ("features.py: the freshness view has", "expected are"),
    ),
    "a request that stumbles": Planted(
        the(request=lambda one: one.no_such_field),
        ("question.py: request() of the example gives AttributeError", "expected"),
    ),
    "a request of other features": Planted(
        the(request=lambda one: {"unheard": 1}), ("question.py: request() of the example gives unheard", "expected are")
    ),
    "a request out of its range": Planted(
        request_feature(NUMBER, minimum=-3, maximum=-2),
        (f"question.py: {NUMBER.name} of the example is", "says -3 to -2"),
    ),
    "a cost that is missing": Planted(
        the(costs=replace(PROBLEM.costs, cents={(True, True): 1})), ("costs.py: the costs are", "all four")
    ),
    "costs by which one always acts": Planted(
        the(costs=replace(PROBLEM.costs, cents=dict.fromkeys(PROBLEM.costs.cents, 0))),
        ("costs.py: by these costs one acts",),
    ),
    "a share that is none": Planted(
        the(limits=replace(PROBLEM.limits, usual_share=0)),
        ("problem.py: a usual share of 0", "expected are a share between"),
    ),
    "a baseline by no column": Planted(
        the(baseline=(Cell("nowhere"),)), ("problem.py: the baseline is by 'nowhere'", "name")
    ),
    "a slice by no column": Planted(
        the(slices=(Categories("nowhere"),)), ("problem.py: a slice is by 'nowhere'", "name")
    ),
    "bands in disorder": Planted(
        the(slices=(Bands("x", NUMBER.name, (3, 2)),)), ("problem.py: the slice x has the edges (3, 2)", "in order")
    ),
    "a condition of no operator": Planted(
        the(slices=(Conditions("x", {"y": ((NUMBER.name, "=>", 1),)}),)),  # type: ignore[dict-item]
        ("problem.py: the slice x is '=>'", "expected is one of <, >, >=, <=, =="),
    ),
}
