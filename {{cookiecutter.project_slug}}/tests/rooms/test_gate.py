"""The gate: each kind of bad challenger is refused by the rule made for it, and a better one is not."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest

from challengers import Committee, Trial, fitted, redrawn, with_column
from mlsystem import storage
from mlsystem.domain.costs import WARN_ABOVE
from mlsystem.domain.request import CODES
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

CARRIER = "US"
DRAWS = 20


@pytest.fixture(scope="module")
def year(system) -> Rows:
    return rows_of(pq.read_table(system.settings.training_sets_dir / "delay_v1.parquet"))


@pytest.fixture(scope="module")
def known(year: Rows) -> Rows:
    """What a challenger may learn from on the first of July."""
    return year.where(year.service_date < np.datetime64("2013-07-01"))


@pytest.fixture(scope="module")
def delays(system) -> np.ndarray:
    table = pq.read_table(system.settings.training_sets_dir / "delay_v1.parquet", columns=["arrival_delay_minutes"])
    return table["arrival_delay_minutes"].to_numpy().astype(float)


@pytest.fixture(scope="module")
def trial(year: Rows) -> Trial:
    """A champion of January and February, shadowed for four weeks of July."""
    live = year.where(
        (year.service_date >= np.datetime64("2013-07-01")) & (year.service_date < np.datetime64("2013-07-29"))
    )
    champion = fitted(year.where(year.service_date < np.datetime64("2013-03-01")), trees=40)
    return Trial(champion.predict_proba(live.matrix), live)


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
    assert verdict.because.startswith("accepted: all 10 rules are met; gains +")


def test_a_worse_model_is_refused_for_its_dollars_and_its_log_loss(trial: Trial, known: Rows):
    blind = replace(known, matrix=np.where(np.arange(known.matrix.shape[1]) < 5, known.matrix, np.nan))

    verdict = judge(trial.evidence(fitted(blind, trees=20)))

    assert {"dollars", "log-loss"} <= set(verdict.refused_by)
    assert "interval -" in rule(verdict, "dollars").found


def test_a_better_model_on_a_leaked_feature_is_refused_for_the_leak_is_not_there_live(
    trial: Trial, known: Rows, year: Rows, delays: np.ndarray
):
    is_known = year.service_date < np.datetime64("2013-07-01")
    is_live = np.isin(year.service_date, np.unique(trial.live.service_date))
    leaky = fitted(with_column(known, "previous_leg_delay", delays[is_known]))
    cheating = with_column(trial.live, "previous_leg_delay", delays[is_live])
    offline = replace(trial, live=cheating).evidence(leaky)

    verdict = judge(trial.evidence(leaky, store=lambda live: with_column(live, "previous_leg_delay", delays[is_live])))

    assert mean_gains(offline, 0.9, seed=1)[0].low > 1_000, "by its own store's word it is splendid"
    assert {"dollars", "log-loss", "skew"} <= set(verdict.refused_by)
    assert "previous_leg_delay" in rule(verdict, "skew").found


def test_a_better_model_on_average_that_is_bad_for_one_carrier_is_refused(trial: Trial, known: Rows):
    is_carrier = known.column("carrier") == CODES["carrier"][CARRIER]
    spoilt = fitted(replace(known, is_late=known.is_late ^ is_carrier), trees=100)

    verdict = judge(trial.evidence(spoilt))

    assert rule(verdict, "dollars").is_met
    assert "slices" in verdict.refused_by
    assert f"carrier {CARRIER} loses" in rule(verdict, "slices").found


def test_an_uncalibrated_model_is_refused_though_it_warns_of_the_same_flights(good: Evidence):
    """Twice as sure of itself on both sides of the threshold: not one decision changes, each probability lies."""
    sure = Calibration(2.0, -float(log_odds(np.array([WARN_ABOVE]))[0]))
    verdict = judge(replace(good, challenger=sure.apply(good.challenger)))

    assert rule(verdict, "dollars") == rule(judge(good), "dollars")
    assert {"calibration error", "calibration slope"} <= set(verdict.refused_by)
    assert "slope 0.5" in rule(verdict, "calibration slope").found


def test_where_the_world_broke_the_one_that_is_hardly_more_wrong_about_it_is_let_in(good: Evidence):
    """Else no training could answer a break: the judged one has seen none of it."""

    def off(scores: np.ndarray, by: float) -> np.ndarray:
        return Calibration(1.0, -by).apply(scores)

    champion = off(good.challenger, 1.0)
    hardly, clearly = (replace(good, champion=champion, challenger=off(good.challenger, by)) for by in (1.05, 1.5))

    assert ece(hardly.challenger, good.is_late) > ece(champion, good.is_late) > Limits().most_ece
    assert rule(judge(hardly), "calibration error").is_met
    assert not rule(judge(clearly), "calibration error").is_met


def test_a_timid_model_is_refused_by_its_slope(good: Evidence):
    timid = Calibration(0.5, 0.5 * float(log_odds(np.array([WARN_ABOVE]))[0]))
    verdict = judge(replace(good, challenger=timid.apply(good.challenger)))

    assert not rule(verdict, "calibration slope").is_met
    assert float(rule(verdict, "calibration slope").found.split()[1]) > 1.25


def test_a_slow_model_is_refused_with_its_milliseconds_and_nothing_else(trial: Trial, better: BoostedTrees):
    verdict = judge(trial.evidence(Committee(better)))

    assert verdict.refused_by == ("latency",)
    assert "at most 2 ms" in verdict.because


def test_a_model_trained_on_a_skewed_store_is_refused_by_the_features_name(trial: Trial, known: Rows):
    """The store gives hours where minutes are served."""

    def in_hours(rows: Rows) -> Rows:
        return with_column(rows, "previous_leg_delay", rows.column("previous_leg_delay") / 60)

    verdict = judge(trial.evidence(fitted(in_hours(known)), store=in_hours))

    assert "skew" in verdict.refused_by
    assert "previous_leg_delay in" in rule(verdict, "skew").found


def test_a_large_model_and_one_with_few_labels_are_refused(good: Evidence):
    few = redrawn(good, 1)
    is_early = few.service_date < np.datetime64("2013-07-03")
    few = replace(
        few,
        **{name: getattr(few, name)[is_early] for name in ("champion", "challenger", "is_late", "service_date")},
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
        is_late=none.astype(bool),
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
    verdict = judge(replace(good, challenger=np.full(len(good.is_late), answer)))

    assert {"dollars", "log-loss"} <= set(verdict.refused_by)


def test_evidence_from_the_log_is_what_was_served_and_one_day_of_it_is_not_enough(system):
    """From the log of a served day: the registry's champion answers as it did when it was asked over HTTP."""
    champion = load_champion(system.settings.models_dir)
    log = batch.newest_per_flight(prediction_log.read(system.settings.predictions_dir))
    arrivals = storage.Partitions(system.settings.validated_dir / "arrivals").read()
    joined = performance.labelled(log, arrivals, log["as_of"].max() + timedelta(hours=36))
    served = {"every feature": np.zeros(len(joined))}

    shadow = Shadowed(len(joined), len(joined), 0.0)

    evidence = from_the_log(joined, champion.predict, 0.04, 10**6, compared(served, served), shadow)

    np.testing.assert_allclose(evidence.challenger, evidence.champion, atol=1e-6)
    assert judge(evidence).refused_by == ("enough labels",), "one day is one witness: nothing else can be measured"


def test_of_twenty_redrawn_trials_of_a_better_model_at_most_two_are_refused(good: Evidence):
    verdicts = [judge(redrawn(good, seed)) for seed in range(DRAWS)]

    assert sum(not verdict.accepted for verdict in verdicts) <= 2, [verdict.because for verdict in verdicts]


def test_of_a_hundred_trials_of_an_equal_model_at_most_a_quarter_is_refused(good: Evidence, known: Rows, trial: Trial):
    """The usual case: judged without its newest days, a challenger of the same recipe is the champion's equal."""
    other = fitted(known, seed=2).predict_proba(trial.live.matrix)
    twins = replace(good, champion=other)

    verdicts = [judge(redrawn(twins, seed, swap=True)) for seed in range(100)]  # of the first 20 alone 7 are refused

    refused = [verdict.because for verdict in verdicts if not verdict.accepted]
    assert len(refused) <= 25, refused  # 18 were


def test_of_twenty_trials_of_a_model_that_is_worse_by_twice_the_margin_at_most_two_are_accepted(good: Evidence):
    """A share of its answers is another flight's: dearer by 2 x 200 USD per 1,000 flights, and calibrated still."""
    random = np.random.default_rng(1)
    for share in np.arange(0.05, 1, 0.05):
        mixed = good.challenger.copy()
        strangers = random.random(len(mixed)) < share
        mixed[strangers] = random.permutation(mixed[strangers])
        worse = replace(good, champion=good.challenger, challenger=mixed)
        if mean_gains(worse, 0.9, seed=1)[0].value < -2 * Limits().most_worse_usd_per_1000:
            break

    accepted = sum(judge(redrawn(worse, seed)).accepted for seed in range(DRAWS))

    assert mean_gains(worse, 0.9, seed=1)[0].value > -4 * Limits().most_worse_usd_per_1000
    assert accepted <= 2


def test_a_verdict_over_ninety_days_is_the_same_again(good: Evidence):
    times = np.repeat(np.arange(3), len(good.is_late))
    long = replace(
        good,
        **{name: np.tile(getattr(good, name), 3) for name in ("champion", "challenger", "is_late")},
        service_date=np.tile(good.service_date, 3) + times * 30,
        slices={name: np.tile(mask, 3) for name, mask in good.slices.items()},
    )

    assert judge(long, Limits()) == judge(long, Limits())
