"""What warnings are worth: how sure that is, month by month, and what hangs on the assumed costs. Pure functions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlsystem.domain import costs
from mlsystem.training.bootstrap import Interval, by_day, draws, interval
from mlsystem.training.evaluation import cents, ece, usd_per_1000
from mlsystem.training.split import Rows

TIMES = (0.5, 1.0, 2.0)  # each assumed cost, halved and doubled


@dataclass(frozen=True)
class Worth:
    """Warnings on one stretch of flights. Intervals are over days, 90 %; precision and recall are NaN without cases."""

    flights: int
    late_share: float
    bias: float  # mean probability less the share that came late: a signed error, where ECE has no sign
    ece: float
    usd_per_1000: Interval
    saved: Interval  # USD per 1,000 flights, against never warning
    perfect_share: float  # of what warning of exactly the late flights would save
    precision: float  # of the flights warned of, how many came late
    recall: float  # of the late flights, how many were warned of


def worth(probabilities: np.ndarray, rows: Rows, seed: int) -> Worth:
    """Of warning above the domain's threshold."""
    is_warned, is_late = probabilities > costs.WARN_ABOVE, rows.is_late
    never, always_right = usd_per_1000(np.zeros_like(is_late), is_late), usd_per_1000(is_late, is_late)
    spent, unwarned = cents(is_warned, is_late) * 10.0, cents(np.zeros_like(is_late), is_late) * 10.0
    cost, saved = _means(np.column_stack([spent, unwarned - spent]), rows.service_date, seed)
    hits, warned, late = int((is_warned & is_late).sum()), int(is_warned.sum()), int(is_late.sum())
    return Worth(
        len(rows),
        float(is_late.mean()),
        float(probabilities.mean() - is_late.mean()),
        ece(probabilities, is_late),
        cost,
        saved,
        saved.value / (never - always_right) if never > always_right else float("nan"),
        hits / warned if warned else float("nan"),
        hits / late if late else float("nan"),
    )


def by_month(probabilities: np.ndarray, rows: Rows, seed: int) -> dict[str, Worth]:
    """The same for each month of the rows."""
    months = rows.service_date.astype("datetime64[M]")
    return {str(m): worth(probabilities[months == m], rows.where(months == m), seed) for m in np.unique(months)}


def sensitivity(probabilities: np.ndarray, is_late: np.ndarray) -> list[dict[str, Any]]:
    """Saved per 1,000 flights had each cost been half or twice as high, the threshold moving with them."""
    found = []
    for warning in TIMES:
        for surprise in TIMES:
            table = costs.scaled(warning, surprise)
            above = costs.warn_above(table)
            never, model = (
                usd_per_1000(is_warned, is_late, table) for is_warned in (np.zeros_like(is_late), probabilities > above)
            )
            found.append({"warning": warning, "surprise": surprise, "above": above, "saved": never - model})
    return found


def _means(values: np.ndarray, service_date: np.ndarray, seed: int) -> list[Interval]:
    """The mean of each column (n, K), and where it would lie had other such days come."""
    daily = by_day(np.column_stack([values, np.ones(len(values))]), service_date)
    drawn = draws(len(daily), seed) @ daily
    return [interval(float(values[:, k].mean()), drawn[:, k] / drawn[:, -1]) for k in range(values.shape[1])]
