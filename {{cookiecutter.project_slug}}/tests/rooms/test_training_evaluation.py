"""Evaluation and drift: measures with answers that can be worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.contract.slices import Categories, Conditions
from mlsystem.domain import PROBLEM
from mlsystem.drift import category_reference, number_reference, psi
from mlsystem.training.bootstrap_intervals import draws, interval, weekly
from mlsystem.training.evaluation import cost_per_1000, ece, evaluate
from mlsystem.training.slices import FEWEST_ROWS, slices
from mlsystem.training.split import rows_of
from planted import planted_training_set

PROBABILITIES = np.array([0.1, 0.4, 0.35, 0.8])
LABEL = np.array([False, False, True, True])


def test_four_questions_have_the_measures_that_a_pencil_finds():
    metrics = evaluate(PROBABILITIES, LABEL).metrics

    assert metrics["auc"] == 0.75  # 3 of 4 pairs are in the right order
    assert metrics["pr_auc"] == pytest.approx((1 + 2 / 3) / 2)
    assert metrics["log_loss"] == pytest.approx(-math.log(0.9 * 0.6 * 0.35 * 0.8) / 4)
    assert metrics["brier"] == pytest.approx((0.1**2 + 0.4**2 + 0.65**2 + 0.2**2) / 4)
    assert metrics["acted_share"] == sum(PROBLEM.costs.decide(one) for one in PROBABILITIES) / 4


def test_four_questions_cost_what_their_decisions_cost():
    """Each cell of the table of costs is one of the four."""
    above, below = PROBLEM.costs.act_above + 0.01, PROBLEM.costs.act_above - 0.01
    label = np.array([True, False, True, False])
    cents = {(acted, true): PROBLEM.costs.of(acted, true) for acted in (True, False) for true in (True, False)}

    metrics = evaluate(np.array([above, above, below, below]), label).metrics

    assert metrics["cost_per_1000"] == 250 * sum(cents.values()) / 100
    assert metrics["cost_per_1000_never_act"] == 500 * (cents[False, True] + cents[False, False]) / 100
    assert metrics["cost_per_1000_always_act"] == 500 * (cents[True, True] + cents[True, False]) / 100
    assert metrics["saved_per_1000"] == metrics["cost_per_1000_never_act"] - metrics["cost_per_1000"]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_money_of_many_questions_is_the_sum_of_the_money_of_each(questions: list[tuple[float, bool]]):
    probabilities, label = (np.array(column) for column in zip(*questions, strict=True))

    total = cost_per_1000(probabilities > PROBLEM.costs.act_above, label)

    each = sum(PROBLEM.costs.of(PROBLEM.costs.decide(p), true) for p, true in questions)
    assert total == each * 10 / len(questions)


def test_a_constant_model_is_off_by_its_distance_from_the_base_rate_in_whatever_order_the_rows_are():
    label = np.arange(1_000) < 250  # all true labels first: bins that part equal probabilities would see 0 and 1

    assert ece(np.full(1_000, 0.4), label) == pytest.approx(0.15)
    assert ece(np.full(1_000, 0.25), label) == pytest.approx(0)


def test_auc_is_not_a_number_when_no_label_is_true():
    assert math.isnan(evaluate(PROBABILITIES, np.zeros(4, bool)).metrics["auc"])


def test_the_slices_by_one_thing_hold_every_row_once():
    parts = [one.column if isinstance(one, Categories) else one.by for one in PROBLEM.slices]
    most = max(len(PROBLEM.codes[one.column]) for one in PROBLEM.slices if isinstance(one, Categories))
    rows = rows_of(planted_training_set(days=59, questions_a_day=2 * most * FEWEST_ROWS // 59 + 10))

    found = slices(np.full(len(rows), 0.3), rows)

    for part, by in zip((*PROBLEM.slices, None), (*parts, "month"), strict=True):
        if not isinstance(part, Conditions):
            assert sum(one.rows for one in found if one.by == by) == len(rows)
    conditions = {(one.by, value) for one in PROBLEM.slices if isinstance(one, Conditions) for value in one.where}
    assert {(one.by, one.value) for one in found} >= conditions


def test_equal_counts_have_no_drift():
    assert psi([10, 20, 0, 5], [10, 20, 0, 5]) == 0


def test_drift_is_the_sum_that_its_definition_says():
    live, reference = np.array([30.5, 10.5]) / 41, np.array([20.5, 20.5]) / 41

    assert psi([20, 20], [30, 10]) == pytest.approx(float(((live - reference) * np.log(live / reference)).sum()))


def test_drift_is_unknown_while_nothing_was_seen_and_refused_between_different_bins():
    assert math.isnan(psi([1, 2], [0, 0]))
    with pytest.raises(ValueError, match="2 reference bins and 3 live bins"):
        psi([1, 2], [1, 2, 3])


def test_a_category_has_a_bin_of_its_own_and_so_has_a_missing_value():
    reference = category_reference("column", np.array([0.0, 0, 2, math.nan]), 3)

    assert reference.counts == (2, 0, 1, 1)


def test_a_number_that_is_nearly_always_zero_keeps_what_is_rare_in_a_bin_of_its_own():
    reference = number_reference("column", np.array([0.0] * 98 + [0.1, 0.3]))

    assert reference.counts == (98, 2, 0)


@pytest.mark.parametrize("values", [[], [math.nan, math.nan], [1.0, 1.0]])
def test_a_column_without_two_known_values_still_has_a_reference(values: list[float]):
    reference = number_reference("column", np.array(values))

    assert sum(reference.counts) == len(values)


@given(st.lists(st.floats(-5, 5) | st.just(math.nan), min_size=1), st.floats(-9, 9) | st.just(math.nan))
def test_one_value_falls_into_the_bin_that_it_falls_into_among_many(values: list[float], value: float):
    reference = number_reference("column", np.array(values))

    assert reference.bin_index(value) == reference.bin_indices(np.array([value]))[0]
    assert reference.bin_index(value) < len(reference.counts)


def test_weeks_as_witnesses_seldom_reject_a_model_that_is_right_and_single_days_often_do():
    """Errors that go together from day to day, as measured (.3): 28 days, no gap at all."""
    random, days = np.random.default_rng(1), np.datetime64("2031-01-01") + np.arange(28)
    rejected = {"weeks": 0, "days": 0}
    drawn = draws(28, 1)
    for _ in range(400):
        series = np.zeros(60)
        for place in range(1, 60):
            series[place] = 0.3 * series[place - 1] + random.standard_normal()
        series = series[-28:]
        for name, found in (("weeks", weekly(series, days)), ("days", interval(series.mean(), drawn @ series / 28))):
            rejected[name] += found.low > 0 or found.high < 0

    assert rejected["weeks"] <= 0.14 * 400
    assert rejected["days"] >= 0.18 * 400, "what the interval of single days, which it replaces, does"


def test_under_two_weeks_there_is_no_interval_over_weeks():
    days = np.datetime64("2031-01-01") + np.arange(13)

    assert weekly(np.zeros(13), days) is None
    assert weekly(np.zeros(0), days[:0]) is None
    assert weekly(np.r_[np.zeros(7), np.ones(7)], np.datetime64("2031-01-01") + np.arange(14)).value == 0.5
