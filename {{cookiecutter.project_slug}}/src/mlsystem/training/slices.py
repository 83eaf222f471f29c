"""Slices: the same measures where an average hides them: by carrier, origin, hour, weather and month."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mlsystem.domain import costs
from mlsystem.domain.request import CODES
from mlsystem.training.evaluation import ece, ranking, usd_per_1000
from mlsystem.training.split import Rows

HOUR_BANDS = ((0, 6), (6, 10), (10, 14), (14, 18), (18, 24))
LOW_VISIBILITY_MILES = 3  # below it, instrument approaches only
STRONG_WIND_MPH = 20
FEWEST_FLIGHTS = 100  # an AUC of fewer moves by more than .1 by chance


@dataclass(frozen=True)
class Slice:
    """`by` is the question, `value` the answer. `auc` is NaN if all its flights came late, or none."""

    by: str
    value: str
    flights: int
    late_share: float
    auc: float
    ece: float
    usd_per_1000: float
    saved_usd_per_1000: float  # against never warning


def slices(probabilities: np.ndarray, rows: Rows) -> tuple[Slice, ...]:
    """Every slice with at least FEWEST_FLIGHTS flights; slices of one question may overlap (rain and wind do)."""
    return tuple(
        _measured(by, value, probabilities[inside], rows.is_late[inside])
        for by, value, inside in masks(rows)
        if inside.sum() >= FEWEST_FLIGHTS
    )


def _measured(by: str, value: str, probabilities: np.ndarray, is_late: np.ndarray) -> Slice:
    cost = usd_per_1000(probabilities > costs.WARN_ABOVE, is_late)
    return Slice(
        by,
        value,
        len(is_late),
        float(is_late.mean()),
        ranking(probabilities, is_late)["auc"],
        ece(probabilities, is_late),
        cost,
        usd_per_1000(np.zeros(len(is_late), bool), is_late) - cost,
    )


def watched(rows: Rows) -> dict[str, np.ndarray]:
    """The slices whose law can change by itself: (n,) bool by "carrier UA" and the like."""
    return {f"{by} {value}": mask for by, value, mask in masks(rows) if by in ("carrier", "origin")}


def masks(rows: Rows) -> Iterator[tuple[str, str, np.ndarray]]:
    """Every slice: the question, the answer, and which rows are in it."""
    for by in ("carrier", "origin"):
        for value, code in CODES[by].items():
            yield by, value, rows.column(by) == code
    hour = rows.column("departure_minute_of_day") // 60
    for first, until in HOUR_BANDS:
        yield "hour", f"{first:02d}-{until:02d}", (hour >= first) & (hour < until)
    rain, visibility, wind = (rows.column(f"weather_{name}") for name in ("precipitation", "visibility", "wind_speed"))
    yield "weather", "rain", rain > 0
    yield "weather", "low visibility", visibility < LOW_VISIBILITY_MILES
    yield "weather", "strong wind", wind >= STRONG_WIND_MPH
    yield "weather", "fair", (rain == 0) & (visibility >= LOW_VISIBILITY_MILES) & (wind < STRONG_WIND_MPH)
    yield "weather", "unknown", np.isnan(rain) | np.isnan(visibility) | np.isnan(wind)
    for month in np.unique(rows.service_date.astype("datetime64[M]")):
        yield "month", str(month), rows.service_date.astype("datetime64[M]") == month
