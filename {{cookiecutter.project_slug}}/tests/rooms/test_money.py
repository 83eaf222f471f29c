"""What warnings are worth: figures that a pencil finds, intervals over days, months that cancel, other costs."""

import math

import numpy as np
import pytest

from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.training.money import by_month, sensitivity, worth
from mlsystem.training.split import Rows


def rows(is_late: np.ndarray, days: np.ndarray) -> Rows:
    return Rows(np.zeros((len(is_late), len(MODEL_COLUMNS))), is_late, days.astype("datetime64[D]"))


def test_four_flights_are_worth_what_a_pencil_finds():
    is_late = np.array([True, True, False, False])
    found = worth(np.array([0.9, 0.1, 0.8, 0.1]), rows(is_late, np.array(["2013-10-01", "2013-10-02"] * 2)), seed=1)

    assert (found.precision, found.recall) == (0.5, 0.5)
    assert found.usd_per_1000.value == 250 * (15 + 50 + 15)
    assert found.saved.value == 250 * (100 - 80)
    assert found.perfect_share == pytest.approx(20 / 70)  # warning of exactly the two late ones would save 2 x 35


def test_the_interval_is_over_days_and_as_wide_as_days_differ():
    """All late on one day of ten: 1,000 flights, but ten witnesses."""
    days = np.repeat(np.datetime64("2013-10-01") + np.arange(10), 100)
    stormy = days == np.datetime64("2013-10-05")

    found = worth(np.where(stormy, 0.9, 0.1), rows(stormy, days), seed=1)

    assert found.saved.low == 0, "had no such day come, nothing would have been saved"
    assert found.saved.high > 2 * found.saved.value


def test_two_months_whose_errors_cancel_are_each_shown_with_their_sign():
    days = np.repeat(np.array(["2013-11-05", "2013-12-05"], "datetime64[D]"), 1_000)
    is_late = np.tile(np.arange(1_000) < 200, 2) | ((days == np.datetime64("2013-12-05")) & (np.arange(2_000) % 5 == 0))
    probabilities = np.full(2_000, is_late.mean())

    whole, months = worth(probabilities, rows(is_late, days), 1), by_month(probabilities, rows(is_late, days), 1)

    assert whole.bias == pytest.approx(0) == pytest.approx(whole.ece)
    assert months["2013-11"].bias > 0.05
    assert months["2013-12"].bias < -0.05


def test_without_warnings_or_late_flights_precision_and_recall_are_not_known():
    found = worth(np.array([0.1, 0.1]), rows(np.array([False, False]), np.array(["2013-10-01", "2013-10-02"])), seed=1)

    assert all(math.isnan(one) for one in (found.precision, found.recall, found.perfect_share))


def test_dearer_surprises_lower_the_threshold_and_both_doubled_only_double_the_dollars():
    random = np.random.default_rng(1)
    probabilities = random.random(5_000)
    found = {(s["warning"], s["surprise"]): s for s in sensitivity(probabilities, random.random(5_000) < probabilities)}

    assert found[1, 2]["above"] < found[1, 1]["above"] < found[2, 1]["above"]
    assert found[2, 2]["saved"] == pytest.approx(2 * found[1, 1]["saved"])
