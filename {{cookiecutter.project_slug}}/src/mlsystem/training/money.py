"""What decisions are worth: how sure that is, month by month, and what hangs on the assumed costs. Pure functions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlsystem.domain import PROBLEM
from mlsystem.training.bootstrap_intervals import Interval, by_day, draws, interval
from mlsystem.training.evaluation import cents, cost_per_1000, ece
from mlsystem.training.split import Rows

TIMES = (0.5, 1.0, 2.0)  # each assumed cost, halved and doubled


@dataclass(frozen=True)
class Worth:
    """Decisions on one stretch of rows. Intervals are over days, 90 %; precision and recall are NaN without cases."""

    rows: int
    base_rate: float
    bias: float  # mean probability less the share that is true: a signed error, where ECE has no sign
    ece: float
    cost_per_1000: Interval
    saved: Interval  # per 1,000 rows, against never acting
    perfect_share: float  # of what acting on exactly the true ones would save
    precision: float  # of those that we acted on, how many are true
    recall: float  # of the true ones, how many we acted on


def worth(probabilities: np.ndarray, rows: Rows, seed: int) -> Worth:
    """Of acting above the domain's threshold."""
    acted, label = probabilities > PROBLEM.costs.act_above, rows.label
    never, always_right = cost_per_1000(np.zeros_like(label), label), cost_per_1000(label, label)
    spent, idle = cents(acted, label) * 10.0, cents(np.zeros_like(label), label) * 10.0
    cost, saved = _means(np.column_stack([spent, idle - spent]), rows.service_date, seed)
    hits, all_acted, true = int((acted & label).sum()), int(acted.sum()), int(label.sum())
    return Worth(
        len(rows),
        float(label.mean()),
        float(probabilities.mean() - label.mean()),
        ece(probabilities, label),
        cost,
        saved,
        saved.value / (never - always_right) if never > always_right else float("nan"),
        hits / all_acted if all_acted else float("nan"),
        hits / true if true else float("nan"),
    )


def by_month(probabilities: np.ndarray, rows: Rows, seed: int) -> dict[str, Worth]:
    """The same for each month of the rows."""
    months = rows.service_date.astype("datetime64[M]")
    return {str(m): worth(probabilities[months == m], rows.where(months == m), seed) for m in np.unique(months)}


def sensitivity(probabilities: np.ndarray, label: np.ndarray) -> list[dict[str, Any]]:
    """Saved per 1,000 rows had each cost been half or twice as high, the threshold moving with them."""
    found = []
    for acting in TIMES:
        for missing in TIMES:
            costs = PROBLEM.costs.scaled(acting, missing)
            above = costs.act_above
            never, model = (
                cost_per_1000(acted, label, costs) for acted in (np.zeros_like(label), probabilities > above)
            )
            found.append({"acting": acting, "missing": missing, "above": above, "saved": never - model})
    return found


def _means(values: np.ndarray, service_date: np.ndarray, seed: int) -> list[Interval]:
    """The mean of each column (n, K), and where it would lie had other such days come."""
    daily = by_day(np.column_stack([values, np.ones(len(values))]), service_date)
    drawn = draws(len(daily), seed) @ daily
    return [interval(float(values[:, k].mean()), drawn[:, k] / drawn[:, -1]) for k in range(values.shape[1])]
