"""Training: split by time, fit, choose."""

import math
from datetime import date

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.training import attributions, boosting, candidates, climatology
from mlsystem.training.calibration import log_loss, log_odds
from mlsystem.training.climatology import PRIOR
from mlsystem.training.compare import Comparison, compare
from mlsystem.training.evaluation import evaluate
from mlsystem.training.feature_dropout import DROPOUTS, SHARE, with_dropout, without
from mlsystem.training.plots import write_plots
from mlsystem.training.split import Rows, Split, UnusableTrainingSet, default_split, rows_of, split_rows
from mlsystem.training.summary import summarise
from planted import DRIVER, VIEW, planted_training_set

WORDS = PROBLEM.words


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(planted_training_set(), seed=1, threads=1)


def rows_on(days: list[date], label: list[bool]) -> Rows:
    return Rows(np.zeros((len(days), len(PROBLEM.model_columns))), np.array(label), np.array(days, "datetime64[D]"))


def test_a_year_is_split_into_january_to_august_september_and_the_last_quarter():
    split = default_split(date(2031, 1, 1), date(2031, 12, 31))

    assert split == Split(date(2031, 9, 1), date(2031, 10, 1))


def test_no_day_is_on_two_sides_of_the_split_and_no_question_is_lost():
    rows = rows_of(planted_training_set(days=24, questions_a_day=20))

    parts = split_rows(rows, default_split(*rows.days))

    assert parts["train"].days[1] < parts["tune"].days[0] <= parts["tune"].days[1] < parts["test"].days[0]
    assert [len(parts[name]) for name in ("train", "tune", "test")] == [16 * 20, 2 * 20, 6 * 20]


def test_a_part_in_which_every_label_is_true_is_refused():
    rows = rows_on([date(2031, 1, day) for day in (1, 1, 2, 2, 3, 3)], [True, False, True, True, True, False])

    with pytest.raises(UnusableTrainingSet, match=f"tune has 2 {WORDS.questions}, 2 {WORDS.positive}; "):
        split_rows(rows, Split(date(2031, 1, 2), date(2031, 1, 3)))


def test_a_training_set_without_a_column_is_refused_by_its_name():
    table = planted_training_set(days=3).drop_columns([DRIVER])

    with pytest.raises(UnusableTrainingSet, match=f"lacks {DRIVER};"):
        rows_of(table)


def test_the_same_set_and_seed_give_the_same_metrics_and_the_same_scores(comparison: Comparison):
    again = compare(planted_training_set(), seed=1, threads=1)

    for name, result in comparison.results.items():
        assert again.results[name].test.metrics == result.test.metrics
        assert np.array_equal(again.results[name].scores, result.scores)
    assert again.about == comparison.about


def test_the_candidate_that_is_cheapest_on_tune_is_chosen_whatever_test_says(comparison: Comparison):
    cost = {name: result.tune.metrics["cost_per_1000"] for name, result in comparison.results.items()}

    assert comparison.chosen == min(cost, key=cost.__getitem__)
    assert comparison.chosen != "climatology"  # what makes these labels true, it cannot see


def test_other_outcomes_in_test_change_no_model_and_no_choice(comparison: Comparison):
    table = planted_training_set()
    label = table["label"].to_numpy().copy()
    label[-500:] = ~label[-500:]
    position = table.column_names.index("label")

    disturbed = compare(table.set_column(position, "label", [label]), seed=1, threads=1)

    assert disturbed.chosen == comparison.chosen
    assert all(np.array_equal(disturbed.results[n].scores, r.scores) for n, r in comparison.results.items())
    assert disturbed.winner.test.metrics["auc"] < comparison.winner.test.metrics["auc"]


@pytest.mark.parametrize("name", candidates.CANDIDATES)
def test_the_contributions_of_a_row_add_up_to_its_log_odds_but_for_a_constant(comparison: Comparison, name: str):
    model = comparison.results[name].fitted.model
    matrix = rows_of(planted_training_set(days=3)).matrix

    constant = log_odds(model.predict_proba(matrix)) - model.contributions(matrix).sum(axis=1)

    assert np.ptp(constant) < 1e-4


@pytest.mark.parametrize("name", ["logistic_regression", "lightgbm"])
def test_the_column_that_makes_labels_true_moves_the_log_odds_most(comparison: Comparison, name: str):
    moved = comparison.results[name].fitted.model.contributions(rows_of(planted_training_set(days=5)).matrix)

    assert PROBLEM.model_columns[np.abs(moved).mean(axis=0).argmax()] == DRIVER


@pytest.mark.parametrize("name", candidates.CANDIDATES)
def test_a_question_of_which_nothing_is_known_still_gets_a_probability(comparison: Comparison, name: str):
    nothing = np.full((1, len(PROBLEM.model_columns)), math.nan)

    probability = comparison.results[name].fitted.predict(nothing)[0]

    assert 0 < probability < 1


def taken_as_a_whole() -> tuple[list[int], int]:
    """The columns of a view that no outage takes a part of; and how many outages take them."""
    for view in PROBLEM.views:
        columns = set(DROPOUTS.get(f"view {view.name}", ()))
        touching = [set(others) for others in DROPOUTS.values() if columns & set(others)]
        if view is not VIEW and columns and all(columns <= others for others in touching):
            return sorted(columns), len(touching)
    raise AssertionError("each view is made from a table that makes a part of it alone")


def test_a_view_is_missing_as_a_whole_for_three_questions_in_a_hundred():
    rows = rows_of(planted_training_set())
    columns, outages = taken_as_a_whole()

    known = with_dropout(rows, seed=1)

    lost = np.isnan(known.matrix[:, columns])
    assert (lost.all(axis=1) == lost.any(axis=1)).all()
    assert lost.all(axis=1).mean() == pytest.approx(1 - (1 - SHARE) ** outages, abs=0.015)  # by its view, or by a table
    assert not np.isnan(rows.matrix[:, columns]).any()  # the rows themselves are left alone


def test_a_model_that_met_outages_loses_less_when_a_view_is_gone():
    rows = rows_of(planted_training_set(missing=0, share=0.3))
    parts = split_rows(rows, default_split(*rows.days))
    gone = without(parts["tune"], f"view {VIEW.name}")

    naive, prepared = (
        boosting.fit(train, parts["tune"], seed=1, threads=1).predict_proba(gone.matrix)
        for train in (parts["train"], with_dropout(parts["train"], seed=1))
    )

    assert log_loss(prepared, gone.label) < log_loss(naive, gone.label) - 0.1


def test_a_booster_of_one_leaf_has_no_reasons():
    rows = rows_of(planted_training_set(days=2, questions_a_day=20))

    model = boosting.fit(rows, rows, seed=1, threads=1)  # too few rows to split

    assert np.array_equal(model.contributions(rows.matrix), np.zeros(rows.matrix.shape))


def test_climatology_trusts_a_cell_as_much_as_the_level_above_once_it_has_the_priors_rows():
    cell = PROBLEM.baseline[0]
    matrix = np.zeros((3 * PRIOR, len(PROBLEM.model_columns)))
    matrix[:PRIOR, PROBLEM.model_columns.index(cell.column)] = cell.width or 1  # a third in a cell where all is true
    rows = Rows(matrix, np.arange(3 * PRIOR) < PRIOR, np.full(3 * PRIOR, np.datetime64("2031-01-01")))

    model = climatology.fit(rows, rows, seed=1, threads=1)

    assert model.overall == pytest.approx(1 / 3)
    assert model.levels[0][1] == pytest.approx((1 + 1 / 3) / 2)
    assert model.levels[0][-1] == pytest.approx(1 / 3)  # never seen: the overall share


def test_a_refit_has_the_size_that_was_chosen(comparison: Comparison):
    model = comparison.results["lightgbm"].fitted.model
    rows = rows_of(planted_training_set(days=30))

    again = boosting.refit(model, rows, seed=1, threads=1)

    assert again.parameters == model.parameters
    assert again.booster.num_trees() == model.parameters["trees"]


def test_each_candidate_is_shown_raw_and_corrected_and_says_which_it_uses(comparison: Comparison):
    figures = summarise(comparison)["models"]

    for name, result in comparison.results.items():
        used = "raw" if result.fitted.calibration.is_identity else "platt"
        assert set(figures[name]["variants"]) == {"raw", "platt"}
        assert figures[name]["is_calibrated"] is (used == "platt")
        assert figures[name]["variants"][used]["ece"] == figures[name]["ece"]


def test_the_score_reference_is_of_questions_that_the_model_had_not_seen(comparison: Comparison):
    winner = comparison.winner
    rows = split_rows(rows_of(planted_training_set()), comparison.split)["train"]

    assert sum(winner.score_reference.counts) == len(rows)
    assert log_loss(winner.fitted.held_out, rows.label) > log_loss(winner.fitted.predict(rows.matrix), rows.label)


def test_without_what_a_caller_may_leave_out_the_chosen_model_is_measured_on_test_with_none_of_what_it_tells(
    comparison: Comparison,
):
    test = split_rows(rows_of(planted_training_set()), comparison.split)["test"]
    told = {f.name for view in PROBLEM.views if view.name in PROBLEM.optional_views for f in view.features}
    blind = test.matrix.copy()
    for place, feature in enumerate(PROBLEM.model_features):
        if feature.name in told or feature.age_of in told:
            blind[:, place] = np.nan

    worth = evaluate(comparison.winner.fitted.predict(blind), test.label).metrics

    assert comparison.without_hindsight == worth
    summary = summarise(comparison)["without_hindsight"]
    assert np.isnan(blind).any()
    assert summary["auc"] == worth["auc"]
    assert summary["dearer_per_1000"] == worth["cost_per_1000"] - comparison.winner.test.metrics["cost_per_1000"]


def test_reasons_are_compared_with_exact_attributions_row_by_row(comparison: Comparison):
    model = comparison.results["lightgbm"].fitted.model
    rows = rows_of(planted_training_set()).matrix[:40]
    first = three = turned = 0
    for row in rows:
        paths, exact = model.contributions(row[None])[0], model.booster.predict(row[None], pred_contrib=True)[0][:-1]
        ours, theirs = (sorted(range(len(one)), key=lambda at, one=one: -abs(one[at]))[:3] for one in (paths, exact))
        first += ours[0] == theirs[0]
        three += set(ours) == set(theirs)
        turned += sum(np.sign(paths[at]) != np.sign(exact[at]) for at in ours)

    found = attributions.agreement(model.contributions(rows), model.exact_contributions(rows))

    assert found == pytest.approx({"rows": 40, "first": first / 40, "three": three / 40, "turned": turned / 120})
    assert 0.5 < found["first"] <= 1, "one column makes these labels true, and both see it"


def test_a_comparison_is_drawn_in_three_pictures(comparison: Comparison, tmp_path):
    written = write_plots(comparison, tmp_path)

    assert [path.name for path in written] == ["calibration.png", "money.png", "ranking.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
