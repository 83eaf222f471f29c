"""Training: split by time, fit, calibrate, choose."""

import math
from datetime import date, timedelta

import numpy as np
import pytest

from mlsystem.domain.request import CODES, MODEL_COLUMNS
from mlsystem.training import boosting, candidates, climatology
from mlsystem.training.calibration import Calibration, calibrate, log_loss, log_odds
from mlsystem.training.compare import Comparison, compare
from mlsystem.training.evaluation import evaluate
from mlsystem.training.out_of_fold import FOLDS, folds, out_of_fold
from mlsystem.training.outages import OUTAGES, SHARE, with_outages, without
from mlsystem.training.plots import write_plots
from mlsystem.training.split import Rows, Split, UnusableTrainingSet, default_split, rows_of, split_rows
from mlsystem.training.summary import summarise
from planted import planted_training_set


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(planted_training_set(), seed=1, threads=1)


def rows_on(days: list[date], is_late: list[bool]) -> Rows:
    return Rows(np.zeros((len(days), len(MODEL_COLUMNS))), np.array(is_late), np.array(days, "datetime64[D]"))


def test_a_year_is_split_into_january_to_august_september_and_the_last_quarter():
    split = default_split(date(2013, 1, 1), date(2013, 12, 31))

    assert split == Split(date(2013, 9, 1), date(2013, 10, 1))


def test_no_day_is_on_two_sides_of_the_split_and_no_flight_is_lost():
    rows = rows_of(planted_training_set(days=24, flights_a_day=20))

    parts = split_rows(rows, default_split(*rows.days))

    assert parts["train"].days[1] < parts["tune"].days[0] <= parts["tune"].days[1] < parts["test"].days[0]
    assert [len(parts[name]) for name in ("train", "tune", "test")] == [16 * 20, 2 * 20, 6 * 20]


def test_a_part_in_which_every_flight_is_late_is_refused():
    rows = rows_on([date(2013, 1, day) for day in (1, 1, 2, 2, 3, 3)], [True, False, True, True, True, False])

    with pytest.raises(UnusableTrainingSet, match="tune has 2 flights, 2 of them late"):
        split_rows(rows, Split(date(2013, 1, 2), date(2013, 1, 3)))


def test_a_training_set_without_a_column_is_refused_by_its_name():
    table = planted_training_set(days=3).drop_columns(["origin_backlog"])

    with pytest.raises(UnusableTrainingSet, match="lacks origin_backlog"):
        rows_of(table)


def test_the_same_set_and_seed_give_the_same_metrics_and_the_same_scores(comparison: Comparison):
    again = compare(planted_training_set(), seed=1, threads=1)

    for name, result in comparison.results.items():
        assert again.results[name].test.metrics == result.test.metrics
        assert np.array_equal(again.results[name].scores, result.scores)
    assert again.about == comparison.about


def test_the_candidate_that_is_cheapest_on_tune_is_chosen_whatever_test_says(comparison: Comparison):
    cost = {name: result.tune.metrics["usd_per_1000"] for name, result in comparison.results.items()}

    assert comparison.chosen == min(cost, key=cost.__getitem__)
    assert comparison.chosen != "climatology"  # what makes these flights late, it cannot see


def test_other_outcomes_in_test_change_no_model_and_no_choice(comparison: Comparison):
    table = planted_training_set()
    is_late = table["is_late"].to_numpy().copy()
    is_late[-500:] = ~is_late[-500:]
    position = table.column_names.index("is_late")

    disturbed = compare(table.set_column(position, "is_late", [is_late]), seed=1, threads=1)

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
def test_the_column_that_makes_flights_late_moves_the_log_odds_most(comparison: Comparison, name: str):
    moved = comparison.results[name].fitted.model.contributions(rows_of(planted_training_set(days=5)).matrix)

    assert MODEL_COLUMNS[np.abs(moved).mean(axis=0).argmax()] == "origin_late_share_1h"


@pytest.mark.parametrize("name", candidates.CANDIDATES)
def test_a_flight_of_which_nothing_is_known_still_gets_a_probability(comparison: Comparison, name: str):
    nothing = np.full((1, len(MODEL_COLUMNS)), math.nan)

    probability = comparison.results[name].fitted.predict(nothing)[0]

    assert 0 < probability < 1


def test_a_view_is_missing_as_a_whole_for_three_flights_in_a_hundred():
    rows = rows_of(planted_training_set())

    known = with_outages(rows, seed=1)

    weather = np.isnan(known.matrix[:, OUTAGES["view weather"]])
    assert (weather.all(axis=1) == weather.any(axis=1)).all()
    assert weather.all(axis=1).mean() == pytest.approx(2 * SHARE, abs=0.015)  # by its view, or by its table
    assert not np.isnan(rows.column("weather_pressure")).any()  # the rows themselves are left alone


def test_a_model_that_met_outages_loses_less_when_a_view_is_gone():
    rows = rows_of(planted_training_set(missing=0))
    parts = split_rows(rows, default_split(*rows.days))
    gone = without(parts["tune"], "view origin")

    naive, prepared = (
        boosting.fit(train, parts["tune"], seed=1, threads=1).predict_proba(gone.matrix)
        for train in (parts["train"], with_outages(parts["train"], seed=1))
    )

    assert log_loss(prepared, gone.is_late) < log_loss(naive, gone.is_late) - 0.1


def test_a_booster_of_one_leaf_has_no_reasons():
    rows = rows_of(planted_training_set(days=2, flights_a_day=20))

    model = boosting.fit(rows, rows, seed=1, threads=1)  # too few rows to split

    assert np.array_equal(model.contributions(rows.matrix), np.zeros(rows.matrix.shape))


def test_climatology_trusts_a_cell_by_its_flights_and_the_level_above_by_fifty():
    matrix = np.zeros((150, len(MODEL_COLUMNS)))
    matrix[:50, MODEL_COLUMNS.index("carrier")] = 1  # 50 flights of one carrier, all late; 100 of another, none late
    rows = Rows(matrix, np.arange(150) < 50, np.full(150, np.datetime64("2013-01-01")))

    model = climatology.fit(rows, rows, seed=1, threads=1)

    assert model.overall == pytest.approx(1 / 3)
    assert model.by_carrier[1] == pytest.approx((50 + 50 / 3) / 100)
    assert model.by_carrier[len(CODES["carrier"])] == pytest.approx(1 / 3)  # never seen: the overall share


def told(true: Calibration, days: int = 120, flights_a_day: int = 300) -> tuple[np.ndarray, Rows]:
    """Out-of-fold probabilities of four months, and outcomes that follow them once `true` is applied."""
    random = np.random.default_rng(3)
    probabilities = random.uniform(0.05, 0.6, days * flights_a_day)
    dates = [date(2013, 5, 1) + timedelta(days=index // flights_a_day) for index in range(len(probabilities))]
    return probabilities, rows_on(dates, list(random.random(len(probabilities)) < true.apply(probabilities)))


def test_a_model_that_is_too_sure_of_itself_is_corrected():
    found, platt = calibrate(*told(Calibration(slope=0.4, intercept=-0.3)))

    assert found == platt
    assert found.slope == pytest.approx(0.4, abs=0.1)
    assert found.intercept == pytest.approx(-0.3, abs=0.1)


def test_one_month_with_a_rate_of_its_own_corrects_nothing_but_is_shown():
    """A model that holds for three months; in the fourth, half as many flights are late: a season, not an error."""
    probabilities, rows = told(Calibration())
    last = rows.service_date >= np.datetime64("2013-08-01")
    rows.is_late[last] &= np.random.default_rng(5).random(last.sum()) < 0.5

    found, platt = calibrate(probabilities, rows)

    assert found.is_identity
    assert found.apply(probabilities) is probabilities
    assert not platt.is_identity, "the report shows what it would have been"


def test_months_with_rates_of_their_own_up_and_down_correct_nothing():
    """Each correction helps the block that it was fitted on, and harms the next: judged on others, none is clear."""
    probabilities, rows = told(Calibration())
    block, random = folds(rows.service_date), np.random.default_rng(5).random(len(rows))
    rows.is_late[:] = np.where(block % 2, rows.is_late & (random < 0.6), rows.is_late | (random < 0.15))

    assert calibrate(probabilities, rows)[0].is_identity


def test_a_calibrator_of_one_month_alone_would_have_taken_its_season_for_an_error():
    """The planted fault of the test above: fitted and judged within the fourth month, the correction looks splendid."""
    probabilities, rows = told(Calibration())
    last = rows.service_date >= np.datetime64("2013-08-01")
    rows.is_late[last] &= np.random.default_rng(5).random(last.sum()) < 0.5

    found, _ = calibrate(probabilities[last], rows.where(last))

    assert found.intercept < -0.3


def test_every_block_of_days_is_scored_by_a_model_that_did_not_see_it():
    rows = rows_of(planted_training_set(days=20, flights_a_day=10))
    seen: list[set] = []

    def learn(others: Rows):  # type: ignore[no-untyped-def]
        seen.append(set(others.service_date))
        return lambda matrix: np.full(len(matrix), float(len(seen)))

    scores = out_of_fold(rows, learn)

    assert len(seen) == FOLDS
    assert all(day not in seen[int(score) - 1] for day, score in zip(rows.service_date, scores, strict=True))
    assert (np.diff(scores) >= 0).all(), "blocks of days that follow one another"


def test_blocks_that_cannot_be_learned_from_leave_their_scores_unknown():
    rows = rows_on([date(2013, 1, day) for day in (1, 1, 2, 2)], [True, False, True, True])

    assert np.isnan(out_of_fold(rows.where(rows.service_date == rows.service_date[0]), lambda others: None)).all()


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


def test_the_score_reference_is_of_flights_that_the_model_had_not_seen(comparison: Comparison):
    winner = comparison.winner
    rows = split_rows(rows_of(planted_training_set()), comparison.split)["train"]

    assert sum(winner.score_reference.counts) == len(rows)
    assert log_loss(winner.fitted.held_out, rows.is_late) > log_loss(winner.fitted.predict(rows.matrix), rows.is_late)


def test_without_tail_numbers_the_chosen_model_is_measured_on_test_with_none_of_what_they_tell(comparison: Comparison):
    test = split_rows(rows_of(planted_training_set()), comparison.split)["test"]
    blind = test.matrix.copy()
    for name in ("previous_leg_delay", "previous_leg_is_landed", "previous_leg_age", "aircraft_seats"):
        blind[:, MODEL_COLUMNS.index(name)] = np.nan

    worth = evaluate(comparison.winner.fitted.predict(blind), test.is_late).metrics

    assert comparison.without_tail_number == worth
    told = summarise(comparison)["without_tail_number"]
    assert told["auc"] == worth["auc"]
    assert told["dearer_usd_per_1000"] == worth["usd_per_1000"] - comparison.winner.test.metrics["usd_per_1000"]


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

    found = boosting.agreement(model, rows)

    assert found == pytest.approx({"rows": 40, "first": first / 40, "three": three / 40, "turned": turned / 120})
    assert 0.5 < found["first"] <= 1, "one column makes these flights late, and both see it"


def test_a_comparison_is_drawn_in_three_pictures(comparison: Comparison, tmp_path):
    written = write_plots(comparison, tmp_path)

    assert [path.name for path in written] == ["calibration.png", "money.png", "ranking.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
