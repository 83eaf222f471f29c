"""What a decision costs: the threshold lies where both decisions cost the same, whatever the four cells are."""

import math
from dataclasses import replace

import pytest

from mlsystem.contract.costs import Costs
from mlsystem.domain import PROBLEM

PLAIN = Costs({(True, True): 1_500, (True, False): 1_500, (False, True): 5_000, (False, False): 0}, training_cents=0)


@pytest.mark.parametrize("costs", [PROBLEM.costs, PLAIN, replace(PLAIN, cents=PLAIN.cents | {(True, True): 500})])
def test_the_threshold_is_where_both_decisions_cost_the_same(costs: Costs):
    at = costs.act_above

    act, hold = (at * costs.of(acted, True) + (1 - at) * costs.of(acted, False) for acted in (True, False))
    assert act == pytest.approx(hold)
    assert not costs.decide(at)
    assert costs.decide(math.nextafter(at, 1))
    assert not costs.decide(math.nan)


def test_all_four_cells_move_the_threshold():
    """Acting that helps more where the label is true begins earlier; acting that costs nothing is always right."""
    kinder = replace(PLAIN, cents=PLAIN.cents | {(True, True): 500})
    free = replace(PLAIN, cents=PLAIN.cents | {(True, False): 0})
    useless = replace(PLAIN, cents=PLAIN.cents | {(True, True): 5_000})
    dear = replace(PLAIN, cents=PLAIN.cents | {(False, False): 500})

    assert kinder.act_above == pytest.approx(1_500 / (1_500 + 4_500))
    assert dear.act_above == pytest.approx(1_000 / (1_000 + 3_500))
    assert (free.act_above, useless.act_above) == (0.0, 1.0)


def test_costs_that_are_all_twice_as_high_move_nothing_and_those_of_one_decision_do():
    costs = PROBLEM.costs

    assert costs.scaled(2, 2).act_above == pytest.approx(costs.act_above)
    assert costs.scaled(2, 1).act_above > costs.act_above > costs.scaled(1, 2).act_above
    assert costs.scaled(2, 1).of(True, False) == 2 * costs.of(True, False)
    assert costs.scaled(2, 1).of(False, True) == costs.of(False, True)
