"""What decisions are worth: figures that a pencil finds, intervals over days, months that cancel, other costs."""

import math

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.training.money import by_month, sensitivity, worth
from mlsystem.training.split import Rows


def rows(label: np.ndarray, days: np.ndarray) -> Rows:
    return Rows(np.zeros((len(label), len(PROBLEM.model_columns))), label, days.astype("datetime64[D]"))


def test_four_questions_are_worth_what_a_pencil_finds():
    label = np.array([True, True, False, False])
    cents = {(acted, true): PROBLEM.costs.of(acted, true) for acted in (True, False) for true in (True, False)}

    found = worth(np.array([0.9, 0.01, 0.8, 0.01]), rows(label, np.array(["2031-10-01", "2031-10-02"] * 2)), seed=1)

    never, spent = 2 * cents[False, True] + 2 * cents[False, False], sum(cents.values())
    perfect = 2 * cents[True, True] + 2 * cents[False, False]
    assert (found.precision, found.recall) == (0.5, 0.5)
    assert found.cost_per_1000.value == pytest.approx(250 * spent / 100)
    assert found.saved.value == pytest.approx(250 * (never - spent) / 100)
    assert found.perfect_share == pytest.approx((never - spent) / (never - perfect))  # of acting on exactly the true


def test_the_interval_is_over_days_and_as_wide_as_days_differ():
    """All true on one day of ten: 1,000 questions, but ten witnesses."""
    days = np.repeat(np.datetime64("2031-10-01") + np.arange(10), 100)
    stormy = days == np.datetime64("2031-10-05")

    found = worth(np.where(stormy, 0.9, 0.01), rows(stormy, days), seed=1)

    assert found.saved.low == 0, "had no such day come, nothing would have been saved"
    assert found.saved.high > 2 * found.saved.value


def test_two_months_whose_errors_cancel_are_each_shown_with_their_sign():
    days = np.repeat(np.array(["2031-11-05", "2031-12-05"], "datetime64[D]"), 1_000)
    label = np.tile(np.arange(1_000) < 200, 2) | ((days == np.datetime64("2031-12-05")) & (np.arange(2_000) % 5 == 0))
    probabilities = np.full(2_000, label.mean())

    whole, months = worth(probabilities, rows(label, days), 1), by_month(probabilities, rows(label, days), 1)

    assert whole.bias == pytest.approx(0) == pytest.approx(whole.ece)
    assert months["2031-11"].bias > 0.05
    assert months["2031-12"].bias < -0.05


def test_without_actions_or_true_labels_precision_and_recall_are_not_known():
    found = worth(
        np.array([0.01, 0.01]), rows(np.array([False, False]), np.array(["2031-10-01", "2031-10-02"])), seed=1
    )

    assert all(math.isnan(one) for one in (found.precision, found.recall, found.perfect_share))


def test_dearer_misses_lower_the_threshold_and_both_doubled_only_double_the_money():
    random = np.random.default_rng(1)
    probabilities = random.random(5_000)
    found = {(s["acting"], s["missing"]): s for s in sensitivity(probabilities, random.random(5_000) < probabilities)}

    assert found[1, 2]["above"] < found[1, 1]["above"] < found[2, 1]["above"]
    assert found[2, 2]["saved"] == pytest.approx(2 * found[1, 1]["saved"])
