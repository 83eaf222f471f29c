"""Live performance: only labels that are known count, what is censored is said, every figure has its interval."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from labels import SLICED, label_table
from mlsystem.monitoring.bootstrap_metrics import intervals
from mlsystem.monitoring.performance import DUE_AFTER, labelled, performance, windows
from mlsystem.training.slices import FEWEST_ROWS

NOON = datetime(2031, 11, 5, 12, tzinfo=UTC)
KNOWN = NOON + timedelta(hours=3)
DAY = timedelta(days=1)


def ids(count: int, asked_at: datetime) -> list[str]:
    return [f"{asked_at:%Y-%m-%d}/{number}" for number in range(count)]


def predictions(count: int, asked_at: datetime = NOON) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "question_id": ids(count, asked_at),
            "service_date": asked_at.date(),
            "due_at": pd.Series([asked_at + timedelta(hours=2)] * count).astype("datetime64[us, UTC]"),
            f"model_row.{SLICED}": 1.0,
            "probability": np.linspace(0.05, 0.95, count),
        }
    )


def labels(count: int, known_at: datetime = KNOWN, asked_at: datetime = NOON) -> pa.Table:
    """Every second one is true."""
    return label_table(ids(count, asked_at), np.arange(count) % 2 == 0, known_at)


def test_a_label_counts_from_the_moment_at_which_it_is_known():
    log = predictions(100)

    before = performance(log, labels(100), KNOWN - timedelta(minutes=1))
    after = performance(log, labels(100), KNOWN)

    assert (before.labelled, before.metrics, before.intervals) == (0, {}, {})
    assert after.labelled == 100
    assert after.metrics["auc"] == pytest.approx(0.49)  # every true one has the lower neighbour's probability


def test_of_labels_known_at_different_moments_only_the_known_ones_are_joined():
    both = pa.concat_tables([labels(40), labels(100, known_at=KNOWN + DAY).slice(40)])

    assert len(labelled(predictions(100), both, KNOWN)) == 40
    assert len(labelled(predictions(100), both, KNOWN + DAY)) == 100


def test_a_question_that_is_still_open_is_not_due_and_one_that_never_gets_a_label_is_censored():
    log = predictions(100)

    still_open = performance(log, labels(90), KNOWN)
    afterwards = performance(log, labels(90), KNOWN + DUE_AFTER)

    assert (still_open.due, still_open.censored, still_open.coverage) == (90, 0, 1.0)
    assert (afterwards.due, afterwards.censored, afterwards.coverage) == (100, 10, 0.9)
    assert afterwards.metrics["rows"] == 90
    assert afterwards.as_json()["censored"] == 10


def test_windows_part_the_log_by_service_date():
    later = NOON + 7 * DAY
    log = pd.concat([predictions(100), predictions(50, later)], ignore_index=True)
    both = pa.concat_tables([labels(100), labels(50, later, later)])

    found = dict(windows(log, both, later + DAY))

    assert {str(first): part.labelled for first, part in found.items()} == {"2031-11-05": 100, "2031-11-12": 50}


def test_one_day_has_no_interval_for_drawn_again_it_is_always_itself():
    later = NOON + DAY
    two_days = pd.concat([predictions(100), predictions(100, later)], ignore_index=True)

    assert performance(predictions(100), labels(100), KNOWN).intervals == {}
    assert performance(two_days, pa.concat_tables([labels(100), labels(100, later, later)]), later + DAY).intervals


def test_slices_need_their_fewest_rows_and_come_with_the_rest():
    enough, too_few = (performance(predictions(n), labels(n), KNOWN) for n in (FEWEST_ROWS, FEWEST_ROWS - 1))

    assert [(one.by, one.rows) for one in enough.slices if one.by == SLICED] == [(SLICED, FEWEST_ROWS)]
    assert too_few.slices == ()


def stormy_days(days: int = 40, a_day: int = 300, seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Honest probabilities of days that differ: a storm raises all of a day's questions together."""
    random = np.random.default_rng(seed)
    storm = np.repeat(random.normal(0, 0.8, days), a_day)
    promised = 1 / (1 + np.exp(-(random.normal(-1.3, 1, days * a_day))))
    truth = 1 / (1 + np.exp(-(np.log(promised / (1 - promised)) + storm)))
    dates = np.repeat(np.datetime64("2031-03-01") + np.arange(days), a_day)
    return promised, random.random(days * a_day) < truth, dates


def test_every_interval_holds_its_value_and_days_make_it_wider_than_rows_would():
    promised, label, dates = stormy_days()
    as_if_independent = np.datetime64("2031-03-01") + np.arange(len(dates)) % 4_000

    by_days = intervals(promised, label, dates, seed=1)
    by_rows = intervals(promised, label, as_if_independent, seed=1)

    assert all(each.low <= each.value <= each.high for each in by_days.values())
    width = {name: each.high - each.low for name, each in by_days.items()}
    assert width["gap"] > 3 * (by_rows["gap"].high - by_rows["gap"].low)
    assert width["log_loss"] > 2 * (by_rows["log_loss"].high - by_rows["log_loss"].low)


def test_an_interval_of_nine_in_ten_holds_the_truth_about_nine_times_in_ten():
    """The mean gap of such days is known from a thousand of them."""
    promised, label, _ = stormy_days(days=1_000, seed=0)
    truth = float((promised - label).mean())

    held = [intervals(*stormy_days(seed=seed), seed=seed)["gap"] for seed in range(1, 101)]

    assert 80 <= sum(each.low <= truth <= each.high for each in held) <= 98


def test_the_surplus_tells_a_hard_month_from_a_wrong_model():
    promised, label, dates = stormy_days()
    hard = np.full(len(dates), 0.5)
    coin = np.random.default_rng(3).random(len(dates)) < 0.5

    honest, overconfident = (
        intervals(p, y, dates, 1) for p, y in ((hard, coin), (np.where(promised > 0.2, 0.9, 0.1), label))
    )

    assert honest["log_loss"].value > 0.69
    assert honest["surplus"].value == pytest.approx(0, abs=1e-12)
    assert overconfident["surplus"].low > 0
