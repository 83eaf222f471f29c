"""The nulls of a retraining policy, on models whose worth is known: a law that changes each month."""

from datetime import date

import numpy as np
import pytest

from mlsystem.monitoring.bootstrap_metrics import costs_of
from mlsystem.simulation.calendars import Dated, bands, by_the_trigger, is_beyond, training_cost

DAYS = tuple(date(2031, month, 1) for month in (3, 4, 5))
WIDE, NARROW = (-1.0, 1.0), (-0.1, 0.1)


def dated(limits: tuple[float, float] = WIDE) -> Dated:
    """100 questions a day. Half of each month's labels are true, and a model knows which from its own month on."""
    dates = np.repeat(np.arange(np.datetime64("2031-03-01"), np.datetime64("2031-06-01")), 100)
    label = np.arange(len(dates)) % 2 == 0
    knows = np.where(label, 0.99, 0.01)
    month = dates.astype("datetime64[M]").astype(int)
    scores = np.stack([np.where(month == month.min() + place, knows, 0.0) for place in range(3)])
    for place, day in enumerate(DAYS):
        scores[place, dates < np.datetime64(day)] = np.nan
    return Dated(DAYS, scores, (limits,) * 3, label, dates)


def test_each_question_is_answered_by_the_newest_model_that_the_policy_trained():
    one = dated()

    answers = one.answers([0, 2])

    april = one.service_date.astype("datetime64[M]") == np.datetime64("2031-04")
    assert (answers[april] == 0).all(), "April is answered by March's model"
    assert set(answers[one.service_date >= np.datetime64("2031-05-01")]) == {0.01, 0.99}


def test_a_band_has_every_calendar_of_its_size_and_the_whole_calendar_alone_at_its_end():
    one = dated()
    frozen, full = (float(costs_of(one.answers(places), one.label).sum()) for places in ([0], [0, 1, 2]))

    once, twice = bands(one)

    assert (once["calendars"], twice["calendars"]) == (2, 1)
    assert twice["low"] == twice["median"] == twice["high"] == pytest.approx(frozen - full)
    assert twice["net"] == pytest.approx(frozen - full - training_cost(2))
    assert 0 < once["low"] <= once["median"] <= once["high"] < twice["median"]


def test_the_trigger_trains_where_a_week_was_beyond_its_limits_and_not_where_none_was():
    assert by_the_trigger(dated(WIDE)) == [0]
    assert by_the_trigger(dated(NARROW)) == [0, 2], "April's weeks are off by half: seen in April, trained on 1 May"


def test_a_week_counts_only_when_its_labels_are_known_and_it_is_the_models_own():
    one = dated(NARROW)

    assert not is_beyond(one, 0, np.datetime64("2031-04-02")), "of April no label is known"
    assert not is_beyond(one, 1, np.datetime64("2031-04-05")), "it has not answered for a week"
    assert is_beyond(one, 0, np.datetime64("2031-04-09"))
