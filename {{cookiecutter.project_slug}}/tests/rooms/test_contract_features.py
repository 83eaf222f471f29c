"""The declared features agree with the domain's SQL and with its whole data; model rows hold at their boundaries."""

import math
from dataclasses import replace
from datetime import timedelta

import pyarrow.compute as pc
import pytest

from mlsystem import storage
from mlsystem.contract.problem import OVERDUE, UNKNOWN
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.training_sets import questions_of
from mlsystem.source.deliver import read_year
from questions import CHOSEN, DAY, by_name

AGE = {feature.age_of: feature.name for feature in PROBLEM.request_features if feature.age_of}  # by its instant
KNOWN = {feature.name: 1 for feature in PROBLEM.stored_features} | dict.fromkeys(
    PROBLEM.instants, PROBLEM.example.as_of
)
HEARD = {f"{OVERDUE}{table}": 0 for table in PROBLEM.silent_from}
watched = pytest.mark.skipif(PROBLEM.freshness is None, reason="the domain has no freshness view")


@pytest.mark.parametrize("view", PROBLEM.views, ids=by_name)
def test_a_view_declares_exactly_the_columns_that_its_sql_computes(view, featured):
    rows = storage.Partitions(featured.settings.features_dir / view.name).read([DAY])

    assert rows.num_rows > 0
    assert sorted(rows.column_names) == sorted([*view.join_keys, "event_timestamp", *(f.name for f in view.features)])


@pytest.mark.parametrize("view", PROBLEM.views, ids=by_name)
def test_every_stored_value_of_the_data_is_in_its_declared_range(view, featured):
    rows = storage.Partitions(featured.settings.features_dir / view.name).read()

    outside = {}
    for feature in view.features:
        if feature.type != "instant":
            bounds = pc.min_max(rows[feature.name]).as_py()
            if not feature.minimum <= bounds["min"] <= bounds["max"] <= feature.maximum:
                outside[feature.name] = bounds
    assert outside == {}


@pytest.mark.parametrize("view", PROBLEM.views, ids=by_name)
def test_a_key_and_moment_has_one_row(view, featured):
    rows = storage.Partitions(featured.settings.features_dir / view.name).read()

    assert rows.group_by([*view.join_keys, "event_timestamp"]).aggregate([]).num_rows == rows.num_rows


def test_every_request_feature_of_the_data_is_in_its_declared_range_and_categories():
    asked = questions_of(read_year()[PROBLEM.asked_of].to_pandas())
    found: dict[str, set] = {feature.name: set() for feature in PROBLEM.request_features if not feature.age_of}
    for question in asked:
        for name, value in PROBLEM.request(question).items():
            found[name].add(value)

    for feature in (feature for feature in PROBLEM.request_features if not feature.age_of):
        values = found[feature.name] - {None}
        if feature.categories:
            assert values <= set(feature.categories), feature.name
        else:
            assert feature.minimum <= min(values) <= max(values) <= feature.maximum, feature.name


def test_the_questions_of_the_data_contradict_neither_themselves_nor_their_key():
    rows = read_year()[PROBLEM.asked_of].to_pandas()
    asked = questions_of(rows)

    assert [question.id for question in asked] == rows[PROBLEM.id_column].tolist()
    assert [question.service_date for question in asked] == rows["service_date"].tolist()
    assert {PROBLEM.impossible(question) for question in asked} == {None}


def test_a_model_sees_each_input_once_and_an_instant_only_through_its_age():
    inputs = [feature.name for view in PROBLEM.views if view.is_input for feature in view.features]
    names = [*(feature.name for feature in PROBLEM.request_features), *inputs]

    assert len(set(names)) == len(names)
    assert set(PROBLEM.model_columns) == set(names) - set(PROBLEM.instants)
    assert len(PROBLEM.model_features) == len(PROBLEM.model_columns)


def test_a_model_row_has_a_number_or_nan_for_every_column():
    """Of a question with a category that nobody has seen, without what a caller may leave out, and hardly known."""
    left_out = {field.name: None for field in PROBLEM.fields if field.is_optional}
    question = replace(PROBLEM.example, **(left_out | {CHOSEN.name: "never seen"}))
    known = next(f.name for v in PROBLEM.views if v.is_input for f in v.features if f.type in ("number", "count"))

    row = dict(zip(PROBLEM.model_columns, PROBLEM.model_row(question, {known: 7}), strict=True))

    assert row[known] == 7.0
    assert math.isnan(row[CHOSEN.name])
    assert all(math.isnan(row[name]) for name in AGE.values())
    stored = {feature.name for feature in PROBLEM.stored_features} & set(row)
    assert all(math.isnan(row[name]) for name in stored - {known})
    for name, value in PROBLEM.request(question).items():
        if name in PROBLEM.codes and name != CHOSEN.name and value is not None:
            assert row[name] == PROBLEM.codes[name][value]
    keys = PROBLEM.entity_row(question)
    assert all(keys[name] == UNKNOWN for name in left_out if name in keys)


def test_an_age_counts_up_to_the_moment_of_prediction():
    question = PROBLEM.example
    for instant, age in AGE.items():
        made = {hours: question.as_of - timedelta(hours=hours) for hours in (0, 1.5)}
        for hours, moment in made.items():
            assert PROBLEM.requested(question, {instant: moment})[age] == hours
        assert PROBLEM.requested(question, {})[age] is None


@pytest.mark.parametrize("table", PROBLEM.silent_from)
def test_what_a_silent_table_makes_is_missing_and_nothing_else_is(table: str):
    limit = PROBLEM.silent_from[table]
    silent, almost = (KNOWN | HEARD | {f"{OVERDUE}{table}": facts} for facts in (limit, limit - 1))

    row = dict(zip(PROBLEM.model_columns, PROBLEM.model_row(PROBLEM.example, silent), strict=True))

    gone = {name for name, value in row.items() if math.isnan(value)}
    assert gone == {AGE.get(name, name) for name in PROBLEM.silenced[table]}
    assert not any(math.isnan(value) for value in PROBLEM.model_row(PROBLEM.example, almost))
    assert PROBLEM.silent_tables(silent) == (table,)
    assert PROBLEM.silent_tables({}) == ()  # nothing known of the tables: the view is missing, and expected


@watched
def test_every_stored_input_is_made_from_tables_that_are_watched():
    made = {feature.name for view in PROBLEM.views if view.is_input for feature in view.features}
    (freshness,) = (view for view in PROBLEM.views if view.name == PROBLEM.freshness)

    assert made == {name for names in PROBLEM.silenced.values() for name in names}
    assert {table for view in PROBLEM.views for table in view.tables} == set(PROBLEM.silent_from)
    assert {feature.name for feature in freshness.features} == set(HEARD)
