"""What a policy is worth beside its floor and its ceiling, and the alarms of a stretch of days."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from mlsystem.monitoring.checks import Check
from mlsystem.simulation import alarms
from mlsystem.simulation.policy_comparison import PolicyComparison

MARCH = date(2031, 3, 1)
DAY = np.timedelta64(1, "D")


@pytest.fixture
def compared() -> PolicyComparison:
    """60 days whose probabilities the ceiling knows and the floor does not."""
    random = np.random.default_rng(1)
    truth = random.beta(1, 3, 60 * 400)
    label = random.random(len(truth)) < truth
    days = np.repeat(np.datetime64(MARCH) + np.arange(60) * DAY, 400)
    floor = np.full(len(truth), truth.mean())
    half = np.where(days < np.datetime64("2031-04-01"), floor, truth)
    return PolicyComparison(label, days, {"floor": floor, "half": half, "ceiling": truth}, seed=1)


def test_the_floor_saves_nothing_the_truth_all_and_half_a_life_half(compared: PolicyComparison):
    most = compared.saved("ceiling", "floor").value

    for name, share in (("floor", 0.0), ("half", 29 / 60), ("ceiling", 1.0)):
        saved = compared.saved(name, "floor")
        assert saved.low - 1 <= share * most <= saved.high + 1, name
        assert saved.value == pytest.approx(share * most, abs=0.1 * most)


def test_months_and_totals_are_of_the_same_questions(compared: PolicyComparison):
    months = compared.by_month()["ceiling"]

    assert list(months) == ["2031-03", "2031-04"]
    assert months["2031-03"]["auc"].low < months["2031-03"]["auc"].value < months["2031-03"]["auc"].high
    assert compared.total("ceiling")["cost_per_1000"].value < compared.total("floor")["cost_per_1000"].value


def breach(name: str, value: float) -> Check:
    return Check(name, value, 0.1, f"{name} is {value}")


def test_days_in_a_row_make_one_alarm_and_a_quiet_day_ends_it(tmp_path: Path):
    for day, value in ((1, 0.2), (2, 0.3), (3, 0.05), (4, 0.4)):
        alarms.note(tmp_path, date(2031, 5, day), [breach("skew", value), breach("score_drift", 0.0)], "quiet")

    assert alarms.spans(tmp_path / "nothing", MARCH) == []
    spans = [
        (one["name"], one["since"][-2:], one["until"][-2:], one["reason"])
        for one in alarms.spans(tmp_path, date(2031, 5, 31))
    ]
    assert spans == [("skew", "01", "02", "skew is 0.2"), ("skew", "04", "04", "skew is 0.4")]


def test_a_day_that_is_looked_at_again_counts_once(tmp_path: Path):
    for value in (0.2, 0.3):
        alarms.note(tmp_path, MARCH, [breach("skew", value)], None)

    (one,) = alarms.spans(tmp_path, MARCH)
    assert one["reason"] == "skew is 0.3"


@pytest.mark.parametrize(("performance", "alarmed"), [(0.05, []), (0.2, ["score_drift", "live_performance"])])
def test_scores_that_drift_alarm_only_while_labels_do_not_show_that_all_is_well(performance: float, alarmed: list[str]):
    checks = [breach("score_drift", 0.2), breach("live_performance", performance)]

    assert [one.name for one in alarms.alarming(checks)] == alarmed
    assert [one.name for one in alarms.alarming([checks[0], breach("live_performance", float("nan"))])] == [
        "score_drift"
    ]
