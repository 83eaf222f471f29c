"""Climatology: how often this carrier's flights from this origin at this hour are late. The baseline to beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlsystem.domain.request import CODES, MODEL_COLUMNS
from mlsystem.training.calibration import log_odds
from mlsystem.training.split import Rows

PRIOR_FLIGHTS = 50  # a cell with 50 flights trusts itself and the level above it equally
CARRIER, ORIGIN, MINUTE = (MODEL_COLUMNS.index(name) for name in ("carrier", "origin", "departure_minute_of_day"))
SHAPE = (len(CODES["carrier"]) + 1, len(CODES["origin"]) + 1, 24)  # the last carrier and origin are the unknown ones


@dataclass(frozen=True)
class Climatology:
    """Late shares at three levels, each smoothed towards the one above."""

    overall: float
    by_carrier: np.ndarray  # (carriers + 1,)
    by_origin: np.ndarray  # (carriers + 1, origins + 1)
    by_hour: np.ndarray  # (carriers + 1, origins + 1, 24)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"prior_flights": PRIOR_FLIGHTS}

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        return self.by_hour[_cells(matrix)]

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        """What each level added to the one above it, from the overall share down to the cell."""
        carrier, origin, hour = _cells(matrix)
        levels = (self.by_carrier[carrier], self.by_origin[carrier, origin], self.by_hour[carrier, origin, hour])
        above = log_odds(np.full(len(matrix), self.overall))
        result = np.zeros(matrix.shape)
        for column, level in zip((CARRIER, ORIGIN, MINUTE), levels, strict=True):
            result[:, column] = log_odds(level) - above
            above = log_odds(level)
        return result

    def as_json(self) -> dict[str, Any]:
        shares = {name: getattr(self, name).tolist() for name in ("by_carrier", "by_origin", "by_hour")}
        return {"overall": self.overall, **shares}


def from_json(text: dict[str, Any]) -> Climatology:
    return Climatology(text["overall"], *(np.array(text[name]) for name in ("by_carrier", "by_origin", "by_hour")))


def fit(train: Rows, tune: Rows, seed: int, threads: int) -> Climatology:
    """Counts over the training rows; nothing is tuned and nothing is random."""
    cells = np.ravel_multi_index(_cells(train.matrix), SHAPE)
    flights = np.bincount(cells, minlength=np.prod(SHAPE)).reshape(SHAPE)
    late = np.bincount(cells, weights=train.is_late, minlength=np.prod(SHAPE)).reshape(SHAPE)
    overall = float(train.is_late.mean())
    by_carrier = _smoothed(late.sum((1, 2)), flights.sum((1, 2)), np.array(overall))
    by_origin = _smoothed(late.sum(2), flights.sum(2), by_carrier[:, None])
    return Climatology(overall, by_carrier, by_origin, _smoothed(late, flights, by_origin[:, :, None]))


def _smoothed(late: np.ndarray, flights: np.ndarray, above: np.ndarray) -> np.ndarray:
    return (late + PRIOR_FLIGHTS * above) / (flights + PRIOR_FLIGHTS)


def _cells(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cell of each row: indices into carrier, origin and hour."""
    carrier, origin = (
        np.nan_to_num(matrix[:, column], nan=unknown).astype(int)
        for column, unknown in ((CARRIER, SHAPE[0] - 1), (ORIGIN, SHAPE[1] - 1))
    )
    return carrier, origin, np.nan_to_num(matrix[:, MINUTE]).astype(int) // 60
