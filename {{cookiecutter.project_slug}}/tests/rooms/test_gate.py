"""The gate: each kind of bad challenger is refused by the rule made for it, and a better one is not."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from challengers import (
    HALF,
    LIVE,
    Committee,
    Trial,
    between,
    fitted,
    outcomes,
    redrawn,
    training_table,
    trial_of,
    with_column,
)
from labels import WATCHED
from mlsystem.domain import PROBLEM
from mlsystem.model_registry.registry import load_champion
from mlsystem.monitoring import batch, performance
from mlsystem.monitoring.skew import compared
from mlsystem.retraining.evidence import Evidence, Shadowed, from_the_log, mean_gains
from mlsystem.retraining.gate import Limits, Verdict, judge
from mlsystem.serving import prediction_log
from mlsystem.training.boosting import BoostedTrees
from mlsystem.training.calibration import Calibration, log_odds
from mlsystem.training.evaluation import ece
from mlsystem.training.split import Rows, rows_of
from planted import DRIVER


@pytest.fixture(scope="module")
def year(system) -> Rows:
    return rows_of(training_table(system.settings))


@pytest.fixture(scope="module")
def known(year: Rows) -> Rows:
    return year.where(between(year, PROBLEM.first_day, HALF))


@pytest.fixture(scope="module")
def trial(year: Rows) -> Trial:
    return trial_of(year)


@pytest.fixture(scope="module")
def came_true(system) -> np.ndarray:
    return outcomes(system.settings)


@pytest.fixture(scope="module")
def better(known: Rows) -> BoostedTrees:
    return fitted(known)


@pytest.fixture(scope="module")
def good(trial: Trial, better: BoostedTrees) -> Evidence:
    return trial.evidence(better)


def rule(verdict: Verdict, name: str):  # type: ignore[no-untyped-def]
    (found,) = [one for one in verdict.rules if one.name == name]
    return found


def test_a_truly_better_model_is_accepted(good: Evidence):
    verdict = judge(good)

    assert verdict.refused_by == ()
    assert verdict.reason.startswith("accepted: all 10 rules are met; gains +")


def test_a_worse_model_is_refused_for_its_money_and_its_log_loss(trial: Trial, known: Rows):
    blind = replace(known, matrix=np.full(known.matrix.shape, np.nan))

    verdict = judge(trial.evidence(fitted(blind, trees=20)))

    assert {"money", "log-loss"} <= set(verdict.refused_by)
    assert "interval -" in rule(verdict, "money").found


def test_a_better_model_on_a_leaked_feature_is_refused_for_the_leak_is_not_there_live(
    trial: Trial, known: Rows, year: Rows, came_true: np.ndarray
):
    before, live = between(year, PROBLEM.first_day, HALF), between(year, HALF, HALF + LIVE)
    leaky = fitted(with_column(known, DRIVER, came_true[before]))
    offline = replace(trial, live=with_column(trial.live, DRIVER, came_true[live])).evidence(leaky)

    verdict = judge(trial.evidence(leaky, store=lambda served: with_column(served, DRIVER, came_true[live])))

    assert mean_gains(offline, 0.9, seed=1)[0].low > 5 * Limits().most_worse_cost, "by its own store's word: splendid"
    assert {"money", "log-loss", "skew"} <= set(verdict.refused_by)
    assert DRIVER in rule(verdict, "skew").found


def test_a_better_model_on_average_that_is_bad_for_one_category_is_refused(good: Evidence):
    """It acts on ever more of the category's questions, whatever they are, until that is surely worse for them."""
    large = {name: mask for name, mask in good.slices.items() if mask.sum() >= Limits().slice_fewest}
    name = min((one for one in large if one.startswith(f"{WATCHED} ")), key=lambda one: large[one].sum())
    chance = np.random.default_rng(1).random(len(good.label))
    for share in np.arange(0.02, 1, 0.02):
        spoilt = replace(good, challenger=np.where(large[name] & (chance < share), 0.9, good.challenger))
        if "slices" in (verdict := judge(spoilt)).refused_by:
            break

    assert rule(verdict, "money").is_met
    assert "slices" in verdict.refused_by
    assert f"{name} loses" in rule(verdict, "slices").found


def test_an_uncalibrated_model_is_refused_though_it_acts_on_the_same_questions(good: Evidence):
    """Twice as sure of itself on both sides of the threshold: not one decision changes, each probability lies."""
    sure = Calibration(2.0, -float(log_odds(np.array([PROBLEM.costs.act_above]))[0]))
    verdict = judge(replace(good, challenger=sure.apply(good.challenger)))

    assert rule(verdict, "money") == rule(judge(good), "money")
    assert {"calibration error", "calibration slope"} <= set(verdict.refused_by)
    assert float(rule(verdict, "calibration slope").found.split()[1]) == pytest.approx(0.5, abs=0.05)


def test_where_the_world_broke_the_one_that_is_hardly_more_wrong_about_it_is_let_in(good: Evidence):
    """Else no training could answer a break: the judged one has seen none of it."""

    def off(scores: np.ndarray, by: float) -> np.ndarray:
        return Calibration(1.0, -by).apply(scores)

    champion = off(good.challenger, 1.0)
    hardly, clearly = (replace(good, champion=champion, challenger=off(good.challenger, by)) for by in (1.05, 1.5))

    assert ece(hardly.challenger, good.label) > ece(champion, good.label) > Limits().most_ece
    assert rule(judge(hardly), "calibration error").is_met
    assert not rule(judge(clearly), "calibration error").is_met


def test_a_timid_model_is_refused_by_its_slope(good: Evidence):
    timid = Calibration(0.5, 0.5 * float(log_odds(np.array([PROBLEM.costs.act_above]))[0]))
    verdict = judge(replace(good, challenger=timid.apply(good.challenger)))

    assert not rule(verdict, "calibration slope").is_met
    assert float(rule(verdict, "calibration slope").found.split()[1]) > 1.25


def test_a_slow_model_is_refused_with_its_milliseconds_and_nothing_else(trial: Trial, better: BoostedTrees):
    verdict = judge(trial.evidence(Committee(better)))

    assert verdict.refused_by == ("latency",)
    assert "at most 2 ms" in verdict.reason


def test_a_model_trained_on_a_skewed_store_is_refused_by_the_features_name(trial: Trial, known: Rows):
    """The store gives the feature in a unit that is sixty times as large as the one that is served."""

    def in_sixtieths(rows: Rows) -> Rows:
        return with_column(rows, DRIVER, rows.column(DRIVER) / 60)

    verdict = judge(trial.evidence(fitted(in_sixtieths(known)), store=in_sixtieths))

    assert "skew" in verdict.refused_by
    assert f"{DRIVER} in" in rule(verdict, "skew").found


def test_a_large_model_and_one_with_few_labels_are_refused(good: Evidence):
    few = redrawn(good, 1)
    is_early = few.service_date < np.datetime64(HALF + timedelta(days=2))
    few = replace(
        few,
        **{name: getattr(few, name)[is_early] for name in ("champion", "challenger", "label", "service_date")},
        slices={name: mask[is_early] for name, mask in few.slices.items()},
    )

    assert judge(replace(good, size_bytes=10**8)).refused_by == ("size",)
    assert "enough labels" in judge(few).refused_by


def test_without_any_label_the_gate_refuses_and_does_not_break(good: Evidence):
    none = np.zeros(0)
    empty = replace(
        good,
        champion=none,
        challenger=none,
        label=none.astype(bool),
        service_date=none.astype("datetime64[D]"),
        slices={name: none.astype(bool) for name in good.slices},
    )

    assert judge(empty).refused_by == ("enough labels",)


@pytest.mark.parametrize(
    "shadow",
    [Shadowed(0, 0, float("nan")), Shadowed(150, 150, 0.0), Shadowed(1_000, 900, 0.0), Shadowed(1_000, 1_000, 0.01)],
    ids=["never asked", "hardly asked", "often without an answer", "another model than the file"],
)
def test_a_model_that_did_not_hold_in_the_shadow_is_refused_for_that_alone(good: Evidence, shadow: Shadowed):
    assert judge(replace(good, shadow=shadow)).refused_by == ("shadow",)


@pytest.mark.filterwarnings("ignore:Degrees of freedom:RuntimeWarning")  # no answer at all has no spread
@pytest.mark.parametrize("answer", [0.0, 0.3, 1.0, np.nan], ids=str)
def test_a_model_that_always_says_the_same_or_nothing_is_refused_and_breaks_nothing(good: Evidence, answer: float):
    verdict = judge(replace(good, challenger=np.full(len(good.label), answer)))

    assert {"money", "log-loss"} <= set(verdict.refused_by)


def test_evidence_from_the_log_is_what_was_served_and_one_day_of_it_is_not_enough(system):
    """From the log of a served day: the registry's champion answers as it did when it was asked over HTTP."""
    champion = load_champion(system.settings.models_dir)
    log = batch.newest_per_question(prediction_log.read(system.settings.predictions_dir))
    labels = performance.read_labels(system.settings.validated_dir)
    joined = performance.labelled(log, labels, log["due_at"].max() + performance.DUE_AFTER)
    served = {"every feature": np.zeros(len(joined))}

    shadow = Shadowed(len(joined), len(joined), 0.0)

    evidence = from_the_log(joined, champion.predict, 0.04, 10**6, compared(served, served), shadow)

    np.testing.assert_allclose(evidence.challenger, evidence.champion, atol=1e-6)
    assert judge(evidence).refused_by == ("enough labels",), "one day is one witness: nothing else can be measured"
