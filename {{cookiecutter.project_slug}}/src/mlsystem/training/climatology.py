"""Climatology: how often the label is true in the question's cell of the baseline. The model to beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlsystem.contract.slices import Cell
from mlsystem.domain import PROBLEM
from mlsystem.training.calibration import log_odds
from mlsystem.training.split import Rows

PRIOR = PROBLEM.limits.prior
COLUMNS = [PROBLEM.model_columns.index(cell.column) for cell in PROBLEM.baseline]


@dataclass(frozen=True)
class Climatology:
    """Shares at every level of the baseline, each smoothed towards the one above."""

    overall: float
    levels: tuple[np.ndarray, ...]  # of the first cell, of the first two, and so on; a cell is an axis

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"prior": PRIOR}

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        return self.levels[-1][_cells(matrix)]

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        """What each level added to the one above it, from the overall share down to the cell."""
        cells = _cells(matrix)
        above = log_odds(np.full(len(matrix), self.overall))
        result = np.zeros(matrix.shape)
        for depth, (column, level) in enumerate(zip(COLUMNS, self.levels, strict=True), start=1):
            below = log_odds(level[cells[:depth]])
            result[:, column] = below - above
            above = below
        return result

    def as_json(self) -> dict[str, Any]:
        return {"overall": self.overall, "levels": [level.tolist() for level in self.levels]}


def from_json(text: dict[str, Any]) -> Climatology:
    return Climatology(text["overall"], tuple(np.array(level) for level in text["levels"]))


def fit(train: Rows, tune: Rows, seed: int, threads: int) -> Climatology:
    """Counts over the training rows; nothing is tuned and nothing is random."""
    shape = tuple(_size(cell) for cell in PROBLEM.baseline)
    cells, size = np.ravel_multi_index(_cells(train.matrix), shape), np.prod(shape)
    rows = np.bincount(cells, minlength=size).reshape(shape)
    true = np.bincount(cells, weights=train.label, minlength=size).reshape(shape)
    overall = float(train.label.mean())
    levels, above = [], np.array(overall)
    for depth in range(1, len(shape) + 1):
        inner = tuple(range(depth, len(shape)))
        above = _smoothed(true.sum(inner), rows.sum(inner), above[..., None] if depth > 1 else above)
        levels.append(above)
    return Climatology(overall, tuple(levels))


def _smoothed(true: np.ndarray, rows: np.ndarray, above: np.ndarray) -> np.ndarray:
    return (true + PRIOR * above) / (rows + PRIOR)


def _size(cell: Cell) -> int:
    """A category's last place is that of the unknown one; a number's are steps from 0 to its maximum."""
    if cell.width is None:
        return len(PROBLEM.codes[cell.column]) + 1
    return int(PROBLEM.model_feature[cell.column].maximum) // cell.width + 1


def _cells(matrix: np.ndarray) -> tuple[np.ndarray, ...]:
    """The cell of each row: an index for each level. A number that is missing counts as 0."""
    return tuple(_places(cell, matrix[:, column]) for cell, column in zip(PROBLEM.baseline, COLUMNS, strict=True))


def _places(cell: Cell, values: np.ndarray) -> np.ndarray:
    if cell.width is None:
        return np.nan_to_num(values, nan=_size(cell) - 1).astype(int)
    return np.clip(np.nan_to_num(values).astype(int) // cell.width, 0, _size(cell) - 1)
