"""The pages of the lab and of a card: every figure is readable, and every table fits a telephone."""

from pathlib import Path

import pytest

import browser
from mlsystem.practice.tradeoffs import grading, grid, page
from mlsystem.practice.tradeoffs.cards import page as card_page
from mlsystem.practice.tradeoffs.cards import play
from mlsystem.settings import Settings
from spoilt import INTERVAL, UNREADABLE, text

QUALITY = {"auc": 0.7123, "ece": 0.0101, "cost": INTERVAL, "saved": INTERVAL, "acted_share": 0.3, "rows": 900}
SPEED = {"p50_ms": 1.01, "p99_ms": 3.5, "cpu_ms": 1.2, "memory_mb": 0.31, "cost_per_million": 0.0123}


@pytest.fixture(scope="module")
def found() -> dict:
    axes: dict[str, list] = {axis: [] for axis in grid.AXES}
    for place, one in enumerate(grid.everything("lightgbm")):
        speed = SPEED | {"p99_ms": 3.5 + place, "cores": 2, "refused_share": 0.0}
        money = {"against_own": None if one.axis == "serving" else INTERVAL}
        axes[one.axis].append({"setting": one.as_json(), "measured_at": "2031-05-01"} | QUALITY | speed | money)
    answer = {
        "round": 1,
        "number": 1,
        "metric": "AUC",
        "part": "all",
        "a": "one",
        "b": "another",
        "unit": "",
        "text": "",
    }
    grade = {"truth": 0.012345678, "covered": True, "brier": 0.16, "interval_score": 0.5}
    score = grading.summary([grade, grade])
    about = {"rows": 900, "first_day": "2031-04-01", "last_day": "2031-06-30", "base_rate": 0.2}
    return {
        "champion": "lightgbm",
        "judged": about,
        "chosen_on": about,
        "act_above": 0.3,
        "prices": {"core_hour": 0.04, "memory_gb_hour": 0.005},
        "currency": "USD",
        "nulls": dict.fromkeys(("never", "always", "rule"), INTERVAL),
        "axes": axes,
        "choice": {"setting": "one", "setting_cost": 1.0, "own_cost": 2.0, "threshold": 0.3, "threshold_cost": 1.5},
        "front": {"money": [axes["main"][0]["setting"]["name"]], "accuracy": [axes["main"][1]["setting"]["name"]]},
        "rounds": [{"round": n, "at": "2031-05-01T10:00:00+00:00"} | score for n in (1, 2)],
        "answers": [answer | grade | {"a_better": 0.6, "low": -0.1, "high": 0.2}],
        "score": score,
    }


def test_the_page_says_the_nulls_the_predictions_and_every_setting(found: dict):
    said = text(page.render(found))

    assert UNREADABLE.search(said) is None
    assert "never acting" in said
    assert "the rule without ML" in said
    assert "2 of 2 truths were inside" in said
    for axis in grid.AXES:
        for one in found["axes"][axis]:
            assert one["setting"]["name"].replace("_", " ") in said.replace("_", " ")


def test_before_anything_was_predicted_the_page_says_nothing_of_it(found: dict):
    nothing = found | {"score": grading.summary([]), "rounds": [], "answers": []}

    assert "What you predicted" not in page.render(nothing)


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_page_of_trade_offs_fits_its_screen(found: dict, tmp_path: Path, width: int):
    (tmp_path / "tradeoffs.html").write_text(page.render(found))

    assert browser.show(tmp_path / "tradeoffs.html", width, tmp_path).faults(width) == []


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_page_of_a_card_fits_its_screen(own_settings: Settings, tmp_path: Path, width: int):
    play.deal(own_settings, "miss-costs", tmp_path / "record")
    (hand,) = play.hands(tmp_path / "record")
    target = {"name": "`this_thing` holds", "is_met": False, "found": "3 of 4 do not"}
    (tmp_path / "card.html").write_text(card_page.render(hand, [target, target | {"is_met": True}]))

    assert browser.show(tmp_path / "card.html", width, tmp_path).faults(width) == []
