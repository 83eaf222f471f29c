"""Each target of a card is met where it should be, and fails where its fault is planted. Nothing is trained here."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from mlsystem import wording
from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs.cards import forecast_only, half_budget, late_labels, miss_costs, one_core
from mlsystem.practice.tradeoffs.cards.deck import CARDS
from mlsystem.settings import Settings

TERMS = miss_costs.deal(Settings(), 1)
NEW = miss_costs.required(TERMS)


def run_of(never: float) -> dict:
    return {"split": {"test": {"base_rate": 0.2}}, "never_act_cost_per_1000": never}


def test_a_miss_that_costs_more_moves_the_threshold_down():
    assert NEW.of(False, True) == miss_costs.TIMES * PROBLEM.costs.of(False, True)
    assert NEW.act_above < PROBLEM.costs.act_above


def test_the_old_costs_fail_and_the_new_ones_are_met():
    assert not miss_costs.declared(PROBLEM.costs, TERMS).is_met
    assert miss_costs.declared(replace(NEW, currency="any"), TERMS).is_met
    other = replace(NEW, cents={**NEW.cents, (True, True): 1})
    assert not miss_costs.declared(other, TERMS).is_met, "another cost was changed as well"


def test_a_threshold_is_met_by_the_cheapest_alone():
    assert miss_costs.threshold(NEW.act_above, TERMS).is_met
    assert not miss_costs.threshold(PROBLEM.costs.act_above, TERMS).is_met
    assert not miss_costs.threshold(float("nan"), TERMS).is_met


def test_a_decision_by_the_old_threshold_fails_and_so_does_having_decided_nothing():
    between = (NEW.act_above + PROBLEM.costs.act_above) / 2
    words = PROBLEM.words

    assert miss_costs.decisions([(between, words.act), (NEW.act_above / 2, words.hold)], TERMS).is_met
    assert not miss_costs.decisions([(between, words.hold)], TERMS).is_met
    assert not miss_costs.decisions([], TERMS).is_met


def test_a_report_with_the_old_money_fails_and_so_does_a_page_that_does_not_show_it():
    old, new = (10 * 0.2 * costs.of(False, True) + 10 * 0.8 * costs.of(False, False) for costs in (PROBLEM.costs, NEW))

    assert miss_costs.told(run_of(new), f"never {wording.money(new)}", TERMS).is_met
    assert not miss_costs.told(run_of(old), f"never {wording.money(old)}", TERMS).is_met
    assert not miss_costs.told(run_of(new), f"never {wording.money(old)}", TERMS).is_met
    assert not miss_costs.told({}, "", TERMS).is_met


@pytest.mark.parametrize(("days", "is_met"), [(6.9, False), (7.0, True), (30.0, True)])
def test_a_label_is_old_enough_or_not(days: float, is_met: bool):
    due = pd.Series([datetime(2031, 5, 1, 12, tzinfo=UTC)] * 2, index=["a", "b"])
    known = [due["a"] + timedelta(days=40), due["b"] + timedelta(days=days)]
    labels = pd.DataFrame({"question_id": ["a", "b"], "known_at": known})

    assert late_labels.old_enough("labels", labels, "known_at", due, 7).is_met is is_met


def test_no_labels_at_all_are_not_old_enough():
    assert not late_labels.old_enough("labels", None, "known_at", pd.Series(dtype=object), 7).is_met
    assert not late_labels.old_enough("labels", pd.DataFrame(), "known_at", pd.Series(dtype=object), 7).is_met


@pytest.mark.parametrize(("last", "is_met"), [("2031-05-31", False), ("2031-05-25", False), ("2031-05-24", True)])
def test_the_judging_days_begin_when_the_last_lesson_is_known(last: str, is_met: bool):
    training = {"train": {"last_day": "2031-04-30"}, "tune": {"last_day": last}}

    assert late_labels.gap(training | {"test": {"first_day": "2031-06-01"}}, 7).is_met is is_met
    assert late_labels.gap(training | {"trained_on": "2031-06-01"}, 7).is_met is is_met
    assert not late_labels.gap({}, 7).is_met


def test_the_table_of_the_world_is_none_of_the_process_and_has_features():
    table = forecast_only.world_table()

    assert table is not None
    assert table not in {PROBLEM.asked_of, PROBLEM.label.table, *(facts.table for facts in PROBLEM.facts)}
    assert forecast_only.features_of(table)


def test_what_is_hidden_is_the_tables_last_day_and_nothing_else():
    noon = datetime(2031, 5, 2, 12, tzinfo=UTC)
    known = pa.array([noon - timedelta(hours=hours) for hours in (30, 24, 23, 1)], pa.timestamp("us", "UTC"))
    facts = {"world": pa.table({"known_at": known}), "other": pa.table({"known_at": known})}

    hidden = forecast_only.without_last_day(facts, "world", noon)

    assert hidden["world"].num_rows == 2
    assert hidden["other"] is facts["other"]


def test_a_view_that_looks_at_the_last_day_fails_and_one_that_does_not_is_met(featured):  # type: ignore[no-untyped-def]
    table = forecast_only.world_table()
    day = featured.days[len(featured.days) // 2]
    looks = {name: forecast_only.features_of(table) for name in (table,)}[table]
    for view in (view for view in PROBLEM.views if view.is_input):
        found = forecast_only.unobserved(view, day, table, featured.settings)

        assert found.is_met is (view.name not in looks), found


def test_features_of_another_sql_fail_and_the_present_ones_are_met(featured, tmp_path):  # type: ignore[no-untyped-def]
    day = featured.days[len(featured.days) // 2]

    assert forecast_only.rebuilt(day, featured.settings).is_met
    elsewhere = featured.settings.model_copy(update={"data_dir": tmp_path})
    (tmp_path / "2_validated").symlink_to(featured.settings.validated_dir)
    assert not forecast_only.rebuilt(day, elsewhere).is_met


def test_a_budget_and_what_must_be_saved_have_their_ends():
    assert half_budget.within(5.0, 5.0).is_met
    assert not half_budget.within(5.1, 5.0).is_met
    assert not half_budget.within(float("nan"), 5.0).is_met
    assert half_budget.worth(95.0, 95.0).is_met
    assert not half_budget.worth(94.0, 95.0).is_met
    assert not half_budget.worth(float("nan"), 95.0).is_met


def test_a_service_is_fast_enough_or_not():
    terms = {"questions": 40, "limit_ms": 20.0, "found_ms": 31.0}

    assert one_core.fast_enough(20.0, terms).is_met
    assert not one_core.fast_enough(20.1, terms).is_met


def test_every_card_says_what_is_asked_what_is_measured_and_by_when():
    said = {
        "miss-costs": TERMS,
        "forecast-only": forecast_only.deal(Settings(), 1),
        "half-budget": {"seconds": 10.0, "budget_seconds": 5.0, "saved": 100.0, "least_saved": 95.0},
        "late-labels": late_labels.deal(Settings(), 1),
        "one-core": {"questions": 40, "limit_ms": 20.0, "found_ms": 31.0},
        "forget": {"key": PROBLEM.keys[0], "value": "X", "orphans": {}},
    }
    assert list(said) == list(CARDS)
    for name, card in CARDS.items():
        assert len(card.said(said[name])) > 100
        assert len(card.measured) >= 3
        assert card.minutes >= 30
