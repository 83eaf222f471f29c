"""The debrief: responses in the order of what they cost, on a page that fits its screen."""

import html
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import browser
from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import debrief, drill
from mlsystem.practice.drills.choices import HOUR, first_day
from mlsystem.practice.drills.responses import OBJECTIVE, Outcome, expected
from mlsystem.practice.drills.sandbox import Sandbox
from mlsystem.practice.drills.world import SESSION, World
from mlsystem.settings import ROOT

ONE = Outcome(1_000, 1_000, 12, 80, 40, 5_000.0, 5_100.0, tuple(float(hour) for hour in range(33)))
OUTCOMES = {
    "nothing": replace(ONE, answered=900, expected=7_000.0, extra=tuple(3.0 * hour for hour in range(33))),
    "decoy: restart the service": replace(ONE, expected=7_005.0),
    "the reference repair": ONE,
    debrief.YOURS: replace(ONE, expected=6_000.0),
}
TRIES = [
    {"at": "2026-03-01T10:05:00+00:00", "rung": "where", "said": "the champion", "right": False},
    {"at": "2026-03-01T10:09:30+00:00", "rung": "mitigated", "said": "check", "right": True},
]


@pytest.fixture
def world(system, tmp_path: Path) -> World:  # type: ignore[no-untyped-def]
    theirs = system.settings.model_copy(update={"reports_dir": tmp_path / "reports"})
    own = Sandbox(tmp_path / "drill", theirs.model_copy(update={"data_dir": tmp_path / "drill/data"}))
    made = World(theirs, own, drill.load("limit_too_low"), 1, system.settings.first_day, first_day(theirs, 1))
    made.clock = made.began + 20 * HOUR
    return made


def test_responses_stand_in_the_order_of_what_they_cost_and_equals_are_told():
    assert debrief.order(OUTCOMES) == "the reference repair < yours < nothing = decoy: restart the service"


def test_what_costs_later_is_said_to_cost_nothing_only_where_it_does():
    slow = drill.load("slow_lookup")
    alike = OUTCOMES | {"nothing": ONE}

    assert debrief.later(slow, alike) == f"It costs nothing in these hours: {slow.costs_later}."
    assert debrief.later(slow, OUTCOMES) == f"And: {slow.costs_later}.", "nobody's work is dearer here already"


@pytest.mark.parametrize(
    ("nobody", "told"),
    [
        (7_000.0, ""),
        (ONE.expected, "hardly a decision changed"),
        (ONE.expected * (1 - 2 * debrief.SAME), "the repair cost more in these hours than it saved"),
    ],
)
def test_a_repair_that_gains_nothing_is_told(nobody: float, told: str):
    found = debrief.later(drill.load("limit_too_low"), OUTCOMES | {"nothing": replace(ONE, expected=nobody)})

    assert told in found
    assert bool(found) == bool(told)
    assert not found or (ROOT / debrief.OTHER_SEEDS).exists()


def test_the_record_has_when_your_time_began_and_every_play_before(world: World):
    """Whatever the file's own time is, and whichever seed it was: the cause is the same."""
    storage.write_json(world.own.home / SESSION, {"started": "2026-03-01T10:00:00+00:00"})
    os.utime(world.own.home / SESSION, (0, 0))
    before = [{"drill": world.drill.name, "seed": 99}, {"drill": "another", "seed": world.seed}]

    facts = debrief.facts(world, {}, TRIES, before)

    assert (facts["started"], facts["minutes"]) == ("2026-03-01T10:00:00+00:00", 9.5)
    assert facts["played_before"] == 1


def test_the_error_budget_is_what_the_objective_allows():
    assert OUTCOMES["nothing"].budget_used == pytest.approx(0.1 / OBJECTIVE)
    assert ONE.budget_used == 0


def test_at_the_threshold_acting_and_not_acting_are_expected_to_cost_the_same():
    at = np.array([PROBLEM.costs.act_above])
    acted, held = (expected(np.array([did]), at) for did in (True, False))

    assert acted == pytest.approx(held)
    assert expected(np.array([True]), np.array([1.0])) == PROBLEM.costs.of(True, True) / 100


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_page_fits_its_screen(world: World, tmp_path: Path, width: int):
    tries = [*TRIES[:-1], TRIES[-1] | {"clock": (world.plan.since + 10 * HOUR).isoformat()}]
    page = debrief.write(world, OUTCOMES, tries)

    shown = browser.show(page, width, tmp_path)

    assert shown.faults(width) == []
    assert world.drill.resembles in shown.text
    assert html.escape(debrief.order(OUTCOMES)) in shown.text
    assert "the check that yours passed 10 hours after" in shown.text
    assert "mitigated 40" in shown.text
