"""When a life decides on a retraining: on the first of a month, neither before it has lived nor after its end."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from mlsystem.simulation.retraining_loop import decision_day, is_within

FIRST, LAST = date(2031, 3, 1), date(2031, 12, 31)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2031, 3, 1, 10, tzinfo=UTC), None),
        (datetime(2031, 3, 31, 23, 30, tzinfo=UTC), None),
        (datetime(2031, 4, 1, tzinfo=UTC), date(2031, 4, 1)),
        (datetime(2031, 4, 17, 8, tzinfo=UTC), date(2031, 4, 1)),  # gone on with after a stop: it is made up for
        (datetime(2031, 12, 31, 20, tzinfo=UTC), date(2031, 12, 1)),
        (datetime(2032, 1, 1, 2, tzinfo=UTC), None),  # a last evening may end in the next month
    ],
    ids=str,
)
def test_a_decision_is_due_once_a_month_within_the_life(moment: datetime, day: date | None):
    assert decision_day(moment, FIRST, LAST) == day


@pytest.mark.parametrize(
    ("midnight", "is_so"),
    [
        (datetime(2031, 3, 1, tzinfo=UTC), False),
        (datetime(2031, 3, 2, tzinfo=UTC), True),
        (datetime(2031, 12, 31, tzinfo=UTC), True),
        (datetime(2032, 1, 1, tzinfo=UTC), False),
    ],
    ids=str,
)
def test_the_trigger_is_asked_at_the_midnights_of_the_life_and_not_when_it_is_over(midnight: datetime, is_so: bool):
    assert is_within(midnight, FIRST, LAST) is is_so


def test_the_pipelines_wait_with_feast_until_they_need_it():
    """Its import takes 7 s and switches on the warnings that Great Expectations' import gives."""
    asked = "import sys, mlsystem.simulation.year, mlsystem.flows.replay_days; sys.exit('feast' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
