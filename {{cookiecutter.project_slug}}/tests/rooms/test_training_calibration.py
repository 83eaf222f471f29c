"""Calibration: corrected only if that can be shown on other days, from scores that are out of fold."""

from datetime import date, timedelta

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.training.calibration import Calibration, calibrate
from mlsystem.training.out_of_fold import FOLDS, folds, out_of_fold
from mlsystem.training.split import Rows, rows_of
from planted import planted_training_set


def rows_on(days: list[date], label: list[bool]) -> Rows:
    return Rows(np.zeros((len(days), len(PROBLEM.model_columns))), np.array(label), np.array(days, "datetime64[D]"))


def following(true: Calibration, days: int = 120, questions_a_day: int = 300) -> tuple[np.ndarray, Rows]:
    """Out-of-fold probabilities of four months, and outcomes that follow them once `true` is applied."""
    random = np.random.default_rng(3)
    probabilities = random.uniform(0.05, 0.6, days * questions_a_day)
    dates = [date(2031, 5, 1) + timedelta(days=index // questions_a_day) for index in range(len(probabilities))]
    return probabilities, rows_on(dates, list(random.random(len(probabilities)) < true.apply(probabilities)))


def test_a_model_that_is_too_sure_of_itself_is_corrected():
    found, platt = calibrate(*following(Calibration(slope=0.4, intercept=-0.3)))

    assert found == platt
    assert found.slope == pytest.approx(0.4, abs=0.1)
    assert found.intercept == pytest.approx(-0.3, abs=0.1)


def test_one_month_with_a_rate_of_its_own_corrects_nothing_but_is_shown():
    """A model that holds for three months; in the fourth, half as many labels are true: a season, not an error."""
    probabilities, rows = following(Calibration())
    last = rows.service_date >= np.datetime64("2031-08-01")
    rows.label[last] &= np.random.default_rng(5).random(last.sum()) < 0.5

    found, platt = calibrate(probabilities, rows)

    assert found.is_identity
    assert found.apply(probabilities) is probabilities
    assert not platt.is_identity, "the report shows what it would have been"


def test_months_with_rates_of_their_own_up_and_down_correct_nothing():
    """Each correction helps the block that it was fitted on, and harms the next: judged on others, none is clear."""
    probabilities, rows = following(Calibration())
    block, random = folds(rows.service_date), np.random.default_rng(5).random(len(rows))
    rows.label[:] = np.where(block % 2, rows.label & (random < 0.6), rows.label | (random < 0.15))

    assert calibrate(probabilities, rows)[0].is_identity


def test_a_calibrator_of_one_month_alone_would_have_taken_its_season_for_an_error():
    """The planted fault of the test above: fitted and judged within the fourth month, the correction looks splendid."""
    probabilities, rows = following(Calibration())
    last = rows.service_date >= np.datetime64("2031-08-01")
    rows.label[last] &= np.random.default_rng(5).random(last.sum()) < 0.5

    found, _ = calibrate(probabilities[last], rows.where(last))

    assert found.intercept < -0.3


def test_every_block_of_days_is_scored_by_a_model_that_did_not_see_it():
    rows = rows_of(planted_training_set(days=20, questions_a_day=10))
    seen: list[set] = []

    def learn(others: Rows):  # type: ignore[no-untyped-def]
        seen.append(set(others.service_date))
        return lambda matrix: np.full(len(matrix), float(len(seen)))

    scores = out_of_fold(rows, learn)

    assert len(seen) == FOLDS
    assert all(day not in seen[int(score) - 1] for day, score in zip(rows.service_date, scores, strict=True))
    assert (np.diff(scores) >= 0).all(), "blocks of days that follow one another"


def test_blocks_that_cannot_be_learned_from_leave_their_scores_unknown():
    rows = rows_on([date(2031, 1, day) for day in (1, 1, 2, 2)], [True, False, True, True])

    assert np.isnan(out_of_fold(rows.where(rows.service_date == rows.service_date[0]), lambda others: None)).all()
