"""The gate's chances: how often other days would have refused a good challenger, or let in a bad one."""

from dataclasses import replace

import numpy as np
import pytest

from challengers import HALF, Trial, between, fitted, redrawn, training_table, trial_of
from mlsystem.domain import PROBLEM
from mlsystem.retraining.evidence import Evidence, mean_gains
from mlsystem.retraining.gate import Limits, judge
from mlsystem.training.split import Rows, rows_of

DRAWS = 20


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
def good(trial: Trial, known: Rows) -> Evidence:
    return trial.evidence(fitted(known))


def test_of_twenty_redrawn_trials_of_a_better_model_at_most_two_are_refused(good: Evidence):
    verdicts = [judge(redrawn(good, seed)) for seed in range(DRAWS)]

    assert sum(not verdict.accepted for verdict in verdicts) <= 2, [verdict.reason for verdict in verdicts]


def test_of_a_hundred_trials_of_an_equal_model_at_most_a_quarter_is_refused(good: Evidence, known: Rows, trial: Trial):
    """The usual case: judged without its newest days, a challenger of the same recipe is the champion's equal."""
    other = fitted(known, seed=2).predict_proba(trial.live.matrix)
    twins = replace(good, champion=other)

    verdicts = [judge(redrawn(twins, seed, swap=True)) for seed in range(100)]  # of the first 20 alone 7 are refused

    refused = [verdict.reason for verdict in verdicts if not verdict.accepted]
    assert len(refused) <= 25, refused  # 18 were


def test_of_twenty_trials_of_a_model_that_is_worse_by_twice_the_margin_at_most_two_are_accepted(good: Evidence):
    """A share of its answers is another question's: dearer by twice the margin, and calibrated still."""
    random = np.random.default_rng(1)
    for share in np.arange(0.05, 1, 0.05):
        mixed = good.challenger.copy()
        strangers = random.random(len(mixed)) < share
        mixed[strangers] = random.permutation(mixed[strangers])
        worse = replace(good, champion=good.challenger, challenger=mixed)
        if mean_gains(worse, 0.9, seed=1)[0].value < -2 * Limits().most_worse_cost:
            break

    accepted = sum(judge(redrawn(worse, seed)).accepted for seed in range(DRAWS))

    assert mean_gains(worse, 0.9, seed=1)[0].value > -4 * Limits().most_worse_cost
    assert accepted <= 2


def test_a_verdict_over_ninety_days_is_the_same_again(good: Evidence):
    times = np.repeat(np.arange(3), len(good.label))
    long = replace(
        good,
        **{name: np.tile(getattr(good, name), 3) for name in ("champion", "challenger", "label")},
        service_date=np.tile(good.service_date, 3) + times * 30,
        slices={name: np.tile(mask, 3) for name, mask in good.slices.items()},
    )

    assert judge(long, Limits()) == judge(long, Limits())
