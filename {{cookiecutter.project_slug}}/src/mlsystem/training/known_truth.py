"""What only a simulated problem allows: probabilities held against the true ones, decisions against an oracle's.

No chance is in it: money is expected under each true probability, not counted from what happened to come.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from mlsystem.domain import PROBLEM
from mlsystem.training.evaluation import BINS
from mlsystem.training.split import Rows


@dataclass(frozen=True)
class AgainstTruth:
    """One stretch of rows. Costs are expected, per 1,000 rows; the oracle decides by the true probabilities."""

    rows: int
    first_day: str
    last_day: str
    mean_truth: float
    bias: float  # mean probability less the mean true one
    error: float  # mean distance of a probability from the true one
    calibration_error: float  # mean distance, over equal-mass bins, of the mean probability from the mean true one
    auc: float
    oracle_auc: float  # of the true probabilities: nobody can do better
    never: float
    baseline: float
    model: float
    oracle: float

    @property
    def regret(self) -> float:
        """What not knowing the truth costs."""
        return self.model - self.oracle


def against_truth(probabilities: np.ndarray, baseline: np.ndarray, truth: np.ndarray, rows: Rows) -> AgainstTruth:
    """`truth` has the true probability of each of the rows, as `probabilities` and `baseline` have a model's: (n,)."""
    first, last = rows.days
    decisions = {"model": probabilities, "baseline": baseline, "oracle": truth, "never": np.zeros(len(truth))}
    above = PROBLEM.costs.act_above
    costs = {name: expected_cost_per_1000(scores > above, truth) for name, scores in decisions.items()}
    return AgainstTruth(
        rows=len(rows),
        first_day=str(first),
        last_day=str(last),
        mean_truth=float(truth.mean()),
        bias=float((probabilities - truth).mean()),
        error=float(np.abs(probabilities - truth).mean()),
        calibration_error=_calibration_error(probabilities, truth),
        auc=float(roc_auc_score(rows.label, probabilities)),
        oracle_auc=float(roc_auc_score(rows.label, truth)),
        **costs,
    )


def expected_cost_per_1000(acted: np.ndarray, truth: np.ndarray) -> float:
    """What 1,000 such rows cost on average, had each come again and again."""
    costs = PROBLEM.costs
    if_true, if_false = (np.where(acted, costs.of(True, label), costs.of(False, label)) for label in (True, False))
    return float((truth * if_true + (1 - truth) * if_false).mean()) * 10


def truth_of(ids: list[str], known: Mapping[str, float]) -> np.ndarray:
    """The true probabilities (n,) of questions by their id. Raises KeyError."""
    return np.array([known[one] for one in ids])


def _calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    edges = np.unique(np.quantile(probabilities, np.arange(1, BINS) / BINS))
    found = np.searchsorted(edges, probabilities, side="left")
    inside = [found == index for index in np.unique(found)]
    return float(sum(one.sum() * abs(probabilities[one].mean() - truth[one].mean()) for one in inside) / len(truth))
