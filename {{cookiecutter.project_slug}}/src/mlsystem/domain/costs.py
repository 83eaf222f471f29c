"""What a decision costs.

The amounts are assumptions of this project, not measurements: no source stands behind them. What hangs on them is
measured: the report and the model card show the same model's dollars at half and at twice each of them.
"""

from mlsystem.contract.costs import Costs

COSTS = Costs(
    # (was the traveller warned, was the flight late) -> cents; one traveller a flight
    {
        (True, True): 1_500,  # assumed: a warned traveller rebooks, waits or leaves early: 15 dollars of trouble
        (True, False): 1_500,  # the same trouble, for nothing
        (False, True): 5_000,  # assumed: a surprised traveller misses a connection or a meeting: 50 dollars
        (False, False): 0,
    },
    # Assumed: an hour of somebody who reads the verdict and stands by while a model is taken up; computing is cents.
    training_cents=10_000,
)
