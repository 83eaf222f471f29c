"""The experiment's plan: the unit follows from keys that carry, the test keeps its level and has the planned power."""

from dataclasses import replace

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.practice.capacity import experiment_design as design
from mlsystem.practice.capacity import guardrails, interference
from mlsystem.practice.capacity.experiment import planted
from mlsystem.practice.capacity.experiment_log import MONEY, RATE, Log, log_of

SPILLING = next(view for view in interference.spillover_views() if view.keys)
DAYS, A_DAY = 120, 200
USUAL = np.log(PROBLEM.costs.act_above / (1 - PROBLEM.costs.act_above))  # log-odds: half of the questions are acted on


def log(shared_keys: int | None = 20, storms: float = 0.0) -> Log:
    """Days of questions; `shared_keys`: so many values of each key, None: none is shared. Storms raise a day's risk."""
    random = np.random.default_rng(3)
    dates = np.repeat(np.datetime64("2024-01-01") + np.arange(DAYS), A_DAY)
    risk = np.repeat(random.normal(0, storms, DAYS), A_DAY) + USUAL + random.normal(0, 0.5, len(dates))
    label = random.random(len(dates)) < 1 / (1 + np.exp(-risk))
    probability = 1 / (1 + np.exp(-USUAL - random.normal(0, 0.5, len(dates))))
    values = np.arange(len(dates)) if shared_keys is None else random.integers(0, shared_keys, len(dates))
    return log_of(probability, label, dates, dict.fromkeys(PROBLEM.keys, values.astype(str)))


def test_the_spillover_views_are_views_of_what_happens_to_the_questions_and_the_others_are_not():
    happens = {PROBLEM.label.table, *(facts.table for facts in PROBLEM.facts)}

    names = {view.name for view in interference.spillover_views()}

    assert names
    assert all(bool(happens & set(view.tables)) == (view.name in names) for view in PROBLEM.views if view.is_input)


def test_shared_keys_make_the_day_the_unit_and_unshared_ones_leave_the_question():
    view = replace(SPILLING, keys=SPILLING.keys[:1])

    shared = interference.choose(interference.units(log(), [view, SPILLING]))
    unshared = interference.choose(interference.units(log(shared_keys=None), [view]))

    assert unshared.name == interference.QUESTION
    assert shared.leaking == 0.0
    assert shared.count < DAYS * A_DAY


def test_a_view_without_a_key_leaves_nothing_but_the_day():
    view = replace(SPILLING, keys=())

    assert interference.choose(interference.units(log(shared_keys=None), [view])).name == interference.DAY


def test_a_key_that_was_not_said_carries_nothing():
    asked = log(shared_keys=1)
    silent = replace(asked, keys=dict.fromkeys(PROBLEM.keys, np.full(len(asked.day), "")))

    assert interference.choose(interference.units(silent, [SPILLING])).name == interference.QUESTION


def of_days(storms: float = 0.8) -> tuple[Log, design.Totals]:
    found = log(storms=storms)
    return found, design.totals(found.measures[MONEY], found.day, 0.0)


def test_a_test_by_day_keeps_its_level_where_days_differ_and_a_test_by_question_does_not():
    found, totals = of_days()

    null = design.replayed(totals, totals, DAYS, 0.5, seed=1, drawn=False)
    naive = design.as_if_by_question(found.measures[MONEY], found.day, 0.5, 0.0, seed=1)

    assert null["low"] - 0.01 <= design.ALPHA <= null["high"] + 0.01
    assert naive > 0.3


@pytest.mark.parametrize("name", [MONEY, RATE])
def test_the_smallest_effect_is_found_about_as_often_as_planned_when_it_is_planted(name: str):
    found = log(storms=0.4)
    measure = found.measures[name]
    totals = design.totals(measure, found.day, 0.0)
    size = design.effect(totals.variance, DAYS, 0.5)

    saved, reachable = planted(measure, found, size, 1, name)
    seen = design.replayed(totals, design.totals(measure, found.day, 0.0, saved), DAYS, 0.5, seed=1)

    assert reachable
    assert saved.mean() == pytest.approx(size, rel=0.1)
    assert 0.7 < seen["share"] < 0.95


def test_an_effect_that_is_more_than_there_is_to_gain_is_said_to_be_out_of_reach():
    found = log()

    assert planted(found.measures[MONEY], found, 1e9, 1, MONEY)[1] is False


def test_the_power_against_the_smallest_effect_is_the_planned_one_and_more_weeks_show_less():
    size = design.effect(100.0, 60, 0.3)

    assert design.chance(100.0, 60, 0.3, size) == pytest.approx(design.POWER, abs=0.01)
    assert design.effect(100.0, 240, 0.3) < 0.52 * size
    needed = design.weeks(100.0, 1, 0.3, size)
    assert needed is not None
    assert design.effect(100.0, 7 * needed, 0.3) <= size < design.effect(100.0, 7 * (needed - 1), 0.3)
    assert design.weeks(1e12, 1, 0.3, 1) is None


def test_what_was_expected_before_takes_the_days_apart_and_leaves_less_to_chance():
    random = np.random.default_rng(1)
    found = log(storms=0.0)
    measure = found.measures[MONEY]
    told = replace(measure, expected=measure.outcome + random.normal(0, 100, len(measure.outcome)))

    slope = design.slope(found, told)

    assert design.totals(told, found.day, slope).variance < 0.2 * design.totals(told, found.day, 0.0).variance


def test_the_guardrails_are_the_alerts_that_page_and_the_limits_of_the_gate():
    rules = """
      - alert: Pages
        labels: {severity: page}
        annotations:
          summary: "{{ $value }} of them."
          runbook: x
      - alert: Waits
        labels: {severity: ticket}
        annotations:
          summary: "Later."
          runbook: x
"""
    assert guardrails.paging(rules) == [("Pages", "… of them.")]
    names = [one["name"] for one in guardrails.all_of()]
    assert {"ServiceDown", "LatencyBurn", "gap"} <= set(names)
    assert "ScoreDrift" not in names, "it opens a ticket"
