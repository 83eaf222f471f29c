"""The pages, from what the tasks leave: whole, without a network, with and without a check."""

import re
from dataclasses import asdict
from typing import Any

import pytest
from capacity_measurements import measured

from mlsystem import storage
from mlsystem.practice import prices
from mlsystem.practice.capacity import bottlenecks, capacity, experiment_page, page
from mlsystem.practice.capacity import capacity_plan as plan
from mlsystem.practice.capacity.experiment_log import MONEY, RATE
from mlsystem.settings import Settings

POINTS = [{"load": load, "p50_ms": 2.0, "p99_ms": 50 * load, "refused": 0.0} for load in (0.1, 0.3, 0.5, 0.9)]


def checked(error: float) -> dict[str, Any]:
    numbers = dict.fromkeys(
        (
            "rate",
            "questions",
            "refused",
            "p50_ms",
            "predicted_ms",
            "measured_ms",
            "plain_error",
            "allen_cunneen_error",
            "callers_late_ms",
        ),
        1.0,
    )
    load = numbers | {"load": 0.6, "error": error, "measured_low_ms": 0.5, "measured_high_ms": 2.0}
    return {
        "saturation": {"predicted": 500.0, "measured": 510.0, "error": -0.02},
        "loads": [load],
        "within": 0.3,
        "off": ["p99 at 60%"] if abs(error) > 0.3 else [],
        "is_within": abs(error) <= 0.3,
        "others_cores": 0.8,
        "is_quiet": False,
        "turns": 6,
    }


def found(settings: Settings, check: dict[str, Any] | None = None) -> dict[str, Any]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    listed, load = prices.read(), plan.Load(1e6, 10_000)
    sheet = plan.plan(measured(), POINTS, load, listed)
    resources = bottlenecks.resources(sheet, measured(), settings, listed)
    return {
        "measured": measured(),
        "question": {"back_to_back_ms": 2.0, "after_idle_ms": 3.0, "reading": 0.2, "saturation": 500.0},
        "curve": POINTS,
        "check": check,
        "load": asdict(load),
        "currency": listed.currency,
        "sheet": [
            {"title": title, "lines": [asdict(line) | {"text": str(line)} for line in lines]}
            for title, lines in sheet.parts()
        ],
        "bottlenecks": bottlenecks.table(resources),
        "first": {str(scale): bottlenecks.told(resources, scale) for scale in bottlenecks.SCALES},
    }


@pytest.mark.parametrize("check", [None, checked(0.1), checked(0.5)])
def test_the_page_has_the_arithmetic_and_the_bottlenecks_and_needs_no_network(
    own_settings: Settings, check: dict[str, Any] | None
):
    text = page.render(found(own_settings, check))

    assert "10,000 × 2 ÷ 1,000" in text
    assert "10,000×" in text
    assert not re.search(r'(?:src|href)="(?!#)', text)
    assert ("not all are" in text) == (check is not None and not check["is_within"])
    assert ("no quiet machine" in text) == (check is not None)


def test_what_is_printed_says_each_line_each_scale_and_each_error(own_settings: Settings):
    told = "\n".join(capacity.lines(found(own_settings, checked(0.5))))

    assert "10,000 × 2 ÷ 1,000 = 20 cores" in told
    assert "at 10,000× today's load" in told
    assert "+50%" in told
    assert "off: p99 at 60%" in told
    assert "not a quiet machine" in told


def test_measurements_of_an_older_version_are_told_as_such(own_settings: Settings):
    old = found(own_settings) | {"problem": "", "question": {"saturation": 500.0}}
    storage.write_json(own_settings.reports_dir / capacity.FILE, old)

    with pytest.raises(storage.UnreadableState, match="make capacity"):
        capacity.run(own_settings, plan.Load(1e6, 10_000), prices.read(), does_check=False, again=True)


def test_the_plan_of_an_experiment_is_a_page_that_needs_no_network():
    shares = {"share": 0.05, "low": 0.04, "high": 0.06, "times": 100, "units": 90}
    measure = {
        "unit": "a unit",
        "mean": 1.0,
        "taken_out": 1.0,
        "deviation": 10.0,
        "deviation_before": 12.0,
        "effect": 5.0,
        "effects": {"0.5": {"2": None, "4": 9.0}},
        "curves": {"13": [{"effect": 1.0, "power": 0.1}, {"effect": 5.0, "power": 0.8}]},
        "null": shares,
        "null_drawn": shares,
        "by_question": 0.6,
    }
    unit = {"name": "day", "per_day": 1.0, "leaking": 0.0, "effects": {MONEY: 5.0, RATE: 1.0}, "weeks": None}
    carrying = {"view": "a", "keys": [], "tables": ["b"], "window_hours": 24, "sharing": 1.0}
    plan = {
        "asked": {"weeks": 13, "share": 0.5, "effect": 100.0},
        "days": 92,
        "questions": 9_000,
        "spillovers": [carrying],
        "unit": "day",
        "units": [unit],
        "measures": {
            MONEY: measure | {"planted": 5.0, "seen": shares},
            RATE: measure | {"planted": None, "seen": None},
        },
        "guardrails": [{"name": "a", "what": "b", "limit": "c", "source": "d"}],
        "alpha": 0.05,
        "power": 0.8,
    }

    text = experiment_page.render(plan)

    assert "none: all share it" in text
    assert "more than there is to gain" in text
    assert "too few" in text
    assert "over 104" in text
    assert not re.search(r'(?:src|href)="(?!#)', text)
