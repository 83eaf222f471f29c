"""What only a simulator allows, on the built system: calibration and money beside the truth, the day of detection."""

import pytest

from mlsystem.domain import PROBLEM
from mlsystem.domain.simulator import CHANGED_ON
from mlsystem.flows.truth import compare_with_truth


@pytest.fixture(scope="module")
def found(system) -> dict:  # type: ignore[no-untyped-def]
    assert PROBLEM.truth is not None
    return compare_with_truth(system.settings, PROBLEM.truth)


def test_before_the_change_the_model_is_near_the_truth_and_costs_less_than_the_baseline(found: dict):
    before, _ = found["stretches"]

    assert before["calibration_error"] < PROBLEM.limits.ece
    assert before["oracle"] <= before["model"] < before["baseline"] <= before["never"]
    assert before["auc"] < before["oracle_auc"]
    assert before["regret"] == pytest.approx(before["model"] - before["oracle"])


def test_after_the_change_it_is_further_off(found: dict):
    before, after = found["stretches"]

    assert after["calibration_error"] > 2 * before["calibration_error"]
    assert after["bias"] < before["bias"]
    assert after["regret"] > before["regret"]


def test_the_planted_change_is_detected_within_two_weeks_and_nothing_was_before(found: dict):
    (one,) = found["detections"]

    assert one["changed_on"] == str(CHANGED_ON)
    assert 0 < one["days"] <= 14
    assert one["days_before"] > 7
    assert one["false_alarms"] == 0
