"""The page of a year, and its lines in README.md: every figure is readable, every table fits a telephone."""

from pathlib import Path

import pytest

import browser
from mlsystem.simulation import page, readme_figures
from spoilt import INTERVAL, STRANGE, UNREADABLE, spoilt, text


@pytest.fixture(scope="module")
def life() -> dict:
    policy = {"trained": ["2031-05-01"], "saved": INTERVAL, "net": 1.5}
    months = {
        "2031-04": {"auc": INTERVAL, "cost_per_1000": INTERVAL},
        "2031-05": {"auc": INTERVAL, "cost_per_1000": INTERVAL},
    }
    every = dict.fromkeys(page.POLICIES, policy)
    return {
        "first": "2031-04-01",
        "last": "2031-05-04",
        "replay": {"questions": 9, "degraded": 0, "errors": 0, "requests": 9, "rows_pushed": 9, "events": 9}
        | {"p50_ms": None, "p99_ms": None},
        "seconds": {"the life": 100.0},
        "unlabelled": {"rows": 3, "acted_share": 0.5},
        "training_cost": 100.0,
        "policies": every,
        "bands": [{"trainings": 1, "calendars": 1, "low": 1.0, "median": 1.0, "high": 1.0, "net": 1.0}],
        "totals": {name: {"auc": INTERVAL, "cost_per_1000": INTERVAL} for name in every},
        "months": dict.fromkeys(every, months),
        "saved": {name: dict.fromkeys(months, INTERVAL) for name in every},
        "alerts": [],
        "champions": [{"version": "1", "since": "2031-04-01", "why": "the first"}],
        "notes": [],
    }


@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_the_years_page_and_its_readme_say_unknown(life: dict, value: float | None):
    strange = spoilt(life, value, keep=("seconds", "months", "saved"))
    strange["policies"] = spoilt(life["policies"], value, keep=())

    for said in (text(page.render(strange)), readme_figures.render(strange)):
        assert UNREADABLE.search(said) is None, UNREADABLE.search(said)


def test_of_a_life_that_was_stopped_on_its_way_no_minutes_are_told(life: dict):
    """Those of its last stretch would pass for all of it."""
    stopped = life | {"seconds": {}}

    assert "minutes" in readme_figures.render(life)
    assert "minutes" in text(page.render(life))
    assert "minutes" not in readme_figures.render(stopped)
    assert "minutes:" not in text(page.render(stopped))


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_years_page_fits_its_screen(life: dict, tmp_path: Path, width: int):
    """A column that a table hides until it is scrolled is money that nobody sees."""
    (tmp_path / "year.html").write_text(page.render(life))

    assert browser.show(tmp_path / "year.html", width, tmp_path).faults(width) == []


def test_a_month_of_a_single_day_whose_interval_is_a_point_beside_its_value_is_drawn(life: dict):
    point = {"auc": {"value": 0.7578, "low": 0.7575, "high": 0.7575}, "cost_per_1000": INTERVAL}

    said = page.render(life | {"months": {name: found | {"2031-04": point} for name, found in life["months"].items()}})

    assert "0.758" in text(said)
