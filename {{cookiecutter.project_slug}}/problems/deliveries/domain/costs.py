"""What a decision costs: assumptions of this project, and no measurements.

A voucher for an order that then comes in time is seldom used; for one that comes late it is, and keeps the customer.
"""

from mlsystem.contract.costs import Costs

COSTS = Costs(
    # (was a voucher sent, did the order come late) -> cents
    {
        (True, True): 300,  # assumed: it is used, and the customer stays
        (True, False): 60,  # assumed: one in five is used all the same
        (False, True): 840,  # assumed: a complaint, and one customer in twenty is gone
        (False, False): 0,
    },
    training_cents=4_000,  # assumed: half an hour of somebody who reads the verdict
    currency="EUR",
)
