"""What is wrong with a declaration, as sentences: the file, what was found, what is expected. Pure: no SQL is run."""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial

from mlsystem.contract import check_question
from mlsystem.contract.check_wording import doubled, listed, none_of, tried
from mlsystem.contract.features import Feature, FeatureType, View
from mlsystem.contract.problem import OVERDUE, Problem, split_days
from mlsystem.contract.slices import Bands, Categories, Operator
from mlsystem.contract.tables import CellType, Rule, RuleKind, Severity

ARGUMENTS = {"between": {"min_value", "max_value"}, "in_set": {"value_set"}, "matches": {"regex"}}
COLUMNS = {"not_before": 2}  # of a rule; the others have one, and `unique` as many as it likes


def faults(problem: Problem) -> Iterator[str]:
    """Every fault, in the order in which one fills a domain in; none if there is none."""
    for file, look, needed in (
        ("problem.py", _whole, ()),
        ("source.py", _source, ()),
        ("tables.py", _tables, ("tables",)),
        ("question.py", check_question.faults, ("fields",)),
        ("label.py", _label, ()),
        ("features.py", _features, ("views", "request_features")),
        ("question.py", _request, ()),
        ("costs.py", _money, ()),
        ("problem.py", _parts, ("baseline",)),
    ):
        if empty := [
            f"{file}: `{name}` is empty; at least one is needed" for name in needed if not getattr(problem, name)
        ]:
            yield from empty
            return
        found, stumbled = tried(partial(list, look(problem)))
        if stumbled:
            found = [f"{file}: a declaration is of another kind than contract/{file} wants: {stumbled}"]
        yield from found
        if found:
            return  # what follows would only stumble over it


def _whole(problem: Problem) -> Iterator[str]:
    named = [field.name for field in dataclasses.fields(problem.words) if field.name != "caveats"]
    if empty := [name for name in named if not getattr(problem.words, name)]:
        yield f"problem.py: these words are empty: {listed(empty)}; say each as people would"
    elif problem.words.act == problem.words.hold:
        yield f"problem.py: both decisions are called {problem.words.act!r}; a caller must tell them apart"
    for what, name in {"name": problem.name, "word act": problem.words.act, "word hold": problem.words.hold}.items():
        if (name or what == "name") and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield f"problem.py: the {what} {name!r} must be small letters, digits and _"
    whole = problem.first_day, problem.last_day
    for name, (first, last) in {"the data": whole, "held_out": problem.held_out}.items():
        if not whole[0] <= first <= last <= whole[1]:
            yield f"problem.py: {name} is {first} to {last}; expected are days in order within the data's"
            return
    if problem.held_out[0] < (judged_from := split_days(*whole)[1]):
        yield (
            f"problem.py: held_out begins on {problem.held_out[0]}; expected is {judged_from} or later, in the last "
            f"quarter of the data, which no model learns from"
        )


def _source(problem: Problem) -> Iterator[str]:
    if not problem.source.files:
        yield "source.py: SOURCE has no raw file; at least one RawFile is needed, and `find` says where it lies"


def _tables(problem: Problem) -> Iterator[str]:
    names = [table.name for table in problem.tables]
    yield from doubled("tables.py", "table", [*names, problem.days.name])
    for table in (*problem.tables, problem.days):
        for rule in table.rules:
            yield from _rule(table.name, rule)
    yield from _queries(problem, [*(f"source_{table.name}" for table in problem.tables), "days"])
    if problem.asked_of not in names:
        yield f"problem.py: asked_of is {problem.asked_of!r}; expected is one of the tables {listed(names)}"
    for facts in problem.facts:
        if facts.table not in names:
            yield f"problem.py: the facts {facts.name!r} are of {facts.table!r}; expected is one of {listed(names)}"
    for file, raw in problem.source.files.items():
        for column, kind in raw.columns.items():
            yield from none_of(f"source.py: the column {column} of {file}", kind, CellType)
        for column in set(raw.limits) - set(raw.columns):
            yield f"source.py: {file} has limits for {column!r}, which is none of its columns {listed(raw.columns)}"


def _queries(problem: Problem, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if not (problem.sql / f"{name}.sql").is_file():
            yield f"sql/{name}.sql is not there; write the query that makes it"


def _rule(table: str, rule: Rule) -> Iterator[str]:
    where = f"tables.py: the rule {rule.name} of {table}"
    yield from none_of(where, rule.kind, RuleKind)
    yield from none_of(where, rule.severity, Severity)
    if lacking := ARGUMENTS.get(rule.kind, set()) - set(rule.arguments):
        yield f"{where} lacks {listed(sorted(lacking))}"
    if rule.kind != "unique" and len(rule.columns) != COLUMNS.get(rule.kind, 1):
        yield f"{where} is about {len(rule.columns)} columns; expected are {COLUMNS.get(rule.kind, 1)}"


def _label(problem: Problem) -> Iterator[str]:
    if problem.label.table not in problem.table:
        yield f"label.py: the label is in {problem.label.table!r}; expected is one of {listed(problem.table)}"
    if problem.label.column in problem.table[problem.asked_of].outcomes:
        return
    if problem.label.table == problem.asked_of:
        yield f"label.py: the label's column {problem.label.column} comes with the question: that is the answer"


def _features(problem: Problem) -> Iterator[str]:
    fields = [field.name for field in problem.fields]
    yield from doubled("features.py", "view", [view.name for view in problem.views])
    every = (*problem.request_features, *problem.stored_features)
    yield from doubled("features.py", "feature", [feature.name for feature in every])
    for view in problem.views:
        for key in set(view.keys) - set(fields):
            yield f"features.py: the view {view.name} has the key {key!r}, which no question says: {listed(fields)}"
        for name in (*view.tables, *(name for feature in view.features for name in feature.tables)):
            if name not in problem.table:
                yield f"features.py: the view {view.name} is made from {name!r}; known are {listed(problem.table)}"
        if not view.features:
            yield f"features.py: the view {view.name} has no features"
        yield from _clock(view)
    for feature in every:
        yield from _feature(problem, feature)
    yield from _queries(problem, [view.name for view in problem.views])
    yield from _freshness(problem)


def _clock(view: View) -> Iterator[str]:
    for what, length in (("ttl", view.ttl), ("refresh", view.refresh)):
        if length is not None and length <= timedelta():
            yield f"features.py: the view {view.name} has a {what} of {length}; expected is a time above 0"
            return
    if view.refresh is not None and view.ttl < view.refresh:
        expected = f"expected is at least its refresh, {view.refresh}"
        yield f"features.py: the view {view.name} has a ttl of {view.ttl}; {expected}"


def _feature(problem: Problem, feature: Feature) -> Iterator[str]:
    where = f"features.py: the feature {feature.name}"
    yield from none_of(where, feature.type, FeatureType)
    if (feature.type == "category") != bool(feature.categories):
        yield f"{where} is a {feature.type} with {len(feature.categories)} categories"
    if feature.type in ("number", "count") and not feature.minimum < feature.maximum:
        yield f"{where} goes from {feature.minimum} to {feature.maximum}; expected are two ends in order"
    if feature.type == "category" and feature not in problem.request_features:
        yield f"{where} is a category of a view; only the request has such, code it as a number in the SQL"
    if feature.age_of is not None and feature.age_of not in problem.instants:
        yield f"{where} is the age of {feature.age_of!r}; stored instants are {listed(problem.instants)}"


def _freshness(problem: Problem) -> Iterator[str]:
    watched = [f"{OVERDUE}{name}" for name in problem.silent_from]
    view = next((view for view in problem.views if view.name == problem.freshness), None)
    found = [feature.name for feature in view.features] if view else []
    if problem.freshness is not None and view is None:
        yield f"problem.py: freshness is the view {problem.freshness!r}, which is none of features.py"
    elif sorted(found) != sorted(watched):
        yield f"features.py: the freshness view has {listed(found)}; by silent_from expected are {listed(watched)}"
    elif view is not None and view.is_input:
        yield f"features.py: the freshness view {view.name} is an input of the model; expected is is_input=False"


def _request(problem: Problem) -> Iterator[str]:
    made, fault = tried(lambda: problem.request(problem.example))
    wanted = [feature.name for feature in problem.request_features if not feature.age_of]
    if fault or sorted(made) != sorted(wanted):
        yield f"question.py: request() of the example gives {fault or listed(made)}; expected are {listed(wanted)}"
        return
    for feature in problem.request_features:
        value = made.get(feature.name)
        if feature.categories and value is not None and value not in feature.categories:
            yield f"question.py: {feature.name} of the example is {value!r}, which is none of its categories"
        elif not feature.categories and value is not None and not feature.minimum <= value <= feature.maximum:
            yield (
                f"question.py: {feature.name} of the example is {value}; features.py says {feature.minimum} to "
                f"{feature.maximum}"
            )


def _money(problem: Problem) -> Iterator[str]:
    cells = {(acted, label) for acted in (True, False) for label in (True, False)}
    cents = problem.costs.cents
    if set(cents) != cells or not all(isinstance(one, int) for one in cents.values()):
        yield f"costs.py: the costs are {dict(cents)}; expected are whole cents for (acted, label), all four"
        return
    if not 0 < problem.costs.act_above < 1:
        yield f"costs.py: by these costs one acts above {problem.costs.act_above}: always, or never"
    if not 0 < problem.limits.usual_share < 1 or problem.limits.usual_week < 1:
        yield (
            f"problem.py: a usual share of {problem.limits.usual_share} and {problem.limits.usual_week} labels a week; "
            "expected are a share between 0 and 1, and at least one label"
        )


def _parts(problem: Problem) -> Iterator[str]:
    for cell in problem.baseline:
        yield from _column(problem, "the baseline", cell.column)
        if cell.width is None and cell.column not in problem.codes:
            yield f"problem.py: the baseline's {cell.column} is no category; say the width of its steps"
    for part in problem.slices:
        if isinstance(part, Categories):
            yield from _column(problem, "a slice", part.column)
            if part.column not in problem.codes:
                yield f"problem.py: a slice wants the categories of {part.column}, which has none; use Bands"
        elif isinstance(part, Bands):
            yield from _column(problem, f"the slice {part.by}", part.column)
            if len(part.edges) < 2 or sorted(set(part.edges)) != list(part.edges):
                yield f"problem.py: the slice {part.by} has the edges {part.edges}; expected are two or more, in order"
        else:
            for column, how, _ in {one for conditions in part.where.values() for one in conditions}:
                yield from _column(problem, f"the slice {part.by}", column)
                yield from none_of(f"problem.py: the slice {part.by}", how, Operator)


def _column(problem: Problem, what: str, column: str) -> Iterator[str]:
    if column not in problem.model_columns:
        yield f"problem.py: {what} is by {column!r}, which is no column of the model; name a feature"
