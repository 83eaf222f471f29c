"""LightGBM: boosted trees on the columns as they are; the number of trees and the setting are chosen on tune."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mlsystem.domain import PROBLEM
from mlsystem.training.attributions import path_tables
from mlsystem.training.calibration import log_loss
from mlsystem.training.split import Rows

if TYPE_CHECKING:
    from lightgbm import Booster, Dataset
    from lightgbm.callback import CallbackEnv

logger = logging.getLogger(__name__)

MOST_TREES = 400
TOLD_TREES = 100
PATIENCE = 30  # trees without a lower log-loss on tune before fitting stops
COMMON = {"objective": "binary", "metric": "binary_logloss", "num_leaves": 31, "feature_fraction": 0.5, "verbosity": -1}
SETTINGS = (
    {"learning_rate": 0.1, "min_child_samples": 100},
    # Rows of one day are alike, so 500 of them are few: smoother leaves, and rare categories drawn to the mean.
    {"learning_rate": 0.07, "min_child_samples": 500, "lambda_l2": 50.0, "cat_smooth": 50.0},
)


@dataclass(frozen=True)
class BoostedTrees:
    """A native booster. One thread per prediction: under load, more make one row 300 times slower."""

    booster: "Booster"
    paths: tuple[np.ndarray, np.ndarray]  # attributions.path_tables of its text
    parameters: Mapping[str, Any]

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        return np.asarray(self.booster.predict(matrix, num_threads=1))

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        """Sums along the trees' paths, (n, F): training/attributions.py says what they are."""
        leaves = np.asarray(self.booster.predict(matrix, pred_leaf=True, num_threads=1), dtype=int)  # (n, trees)
        tables, offsets = self.paths
        return np.stack([tables[row].sum(axis=0) for row in leaves.reshape(len(matrix), -1) + offsets])

    def exact_contributions(self, matrix: np.ndarray) -> np.ndarray:
        """TreeSHAP, (n, F): 1.1 ms for one row, not 0.05, and over a second for a request of 1,000 rows."""
        return np.asarray(self.booster.predict(matrix, pred_contrib=True))[:, :-1]


def fit(train: Rows, tune: Rows, seed: int, threads: int) -> BoostedTrees:
    """The setting with the lowest log-loss on tune; the same seed and threads give the same trees."""
    fitted = []
    for place, setting in enumerate(SETTINGS, start=1):
        logger.info("lightgbm: setting %s of %s", place, len(SETTINGS))
        fitted.append(_fit_one({**COMMON, **setting}, train, tune, seed, threads))
    return min(fitted, key=lambda model: log_loss(model.predict_proba(tune.matrix), tune.label))


def refit(model: BoostedTrees, rows: Rows, seed: int, threads: int) -> BoostedTrees:
    """The same setting and the same number of trees, on other rows: nothing is chosen, so no row is kept back."""
    import lightgbm

    setting = {name: value for name, value in model.parameters.items() if name != "trees"}
    booster = lightgbm.train({**setting, **_repeatable(seed, threads)}, _dataset(rows), model.parameters["trees"])
    return from_text(booster.model_to_string(), model.parameters)


def _fit_one(parameters: dict[str, Any], train: Rows, tune: Rows, seed: int, threads: int) -> BoostedTrees:
    import lightgbm

    known = _dataset(train)
    booster = lightgbm.train(
        {**parameters, **_repeatable(seed, threads)},
        known,
        MOST_TREES,
        valid_sets=[lightgbm.Dataset(tune.matrix, tune.label.astype(float), reference=known)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False), _report_trees],
    )
    text = booster.model_to_string(num_iteration=booster.best_iteration)
    return from_text(text, {**parameters, "trees": text.count("\nTree=")})


def _report_trees(at: "CallbackEnv") -> None:
    if (at.iteration + 1) % TOLD_TREES == 0:
        logger.info("lightgbm: %s of at most %s trees", at.iteration + 1, MOST_TREES)


def _repeatable(seed: int, threads: int) -> dict[str, Any]:
    return {"deterministic": True, "force_row_wise": True, "seed": seed, "num_threads": threads}


def _dataset(rows: Rows) -> "Dataset":
    import lightgbm

    columns, categories = list(PROBLEM.model_columns), [name for name in PROBLEM.model_columns if name in PROBLEM.codes]
    return lightgbm.Dataset(rows.matrix, rows.label.astype(float), feature_name=columns, categorical_feature=categories)


def from_text(text: str, parameters: Mapping[str, Any] = MappingProxyType({})) -> BoostedTrees:
    """A booster from its own text format: numbers only, nothing that could run. Raises lightgbm.basic.LightGBMError."""
    import lightgbm

    return BoostedTrees(lightgbm.Booster(model_str=text), path_tables(text), parameters)
