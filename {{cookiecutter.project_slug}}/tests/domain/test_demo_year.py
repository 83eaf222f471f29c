"""What the demo finds in the real year: its rows, the one that is refused, and what the champion is worth."""

import json

import pytest


@pytest.fixture(scope="module")
def run(system) -> dict:
    return json.loads((system.settings.reports_dir / "run.json").read_text())


def test_the_rows_are_those_of_the_year(run):
    assert run["rows"]["flights"] == 336_776
    assert run["rows"]["training_set"] == 327_346
    assert run["quarantined"] == 1


def test_the_champion_is_as_good_as_it_was_on_months_it_never_saw(run):
    champion, baseline = run["models"]["lightgbm"], run["models"]["climatology"]

    assert run["champion"] == "lightgbm"
    assert champion["auc"] >= 0.75
    assert champion["pr_auc"] >= 0.53
    assert champion["ece"] <= 0.02
    assert champion["cost_per_1000"] < baseline["cost_per_1000"] < run["never_act_cost_per_1000"]


def test_the_replayed_day_is_a_whole_one(run):
    assert run["live"]["labelled"] > 400
