"""LightGBM: boosted trees on the columns as they are; the number of trees and the setting are chosen on tune."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlsystem.domain.request import CODES, MODEL_COLUMNS
from mlsystem.training.calibration import log_loss
from mlsystem.training.split import Rows

if TYPE_CHECKING:
    from lightgbm import Booster

MOST_TREES = 400
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
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        return np.asarray(self.booster.predict(matrix, num_threads=1))

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        """Along each tree's path, what every split moved the expected log-odds, summed by column (Saabas).

        Exact in its sum, like SHAP, and 20 times faster: 0.05 ms for one row, not 1.1. Where columns act together,
        it credits the lower split more than SHAP would.
        """
        leaves = np.asarray(self.booster.predict(matrix, pred_leaf=True, num_threads=1), dtype=int)  # (n, trees)
        tables, offsets = self._paths
        return np.stack([tables[row].sum(axis=0) for row in leaves.reshape(len(matrix), -1) + offsets])

    @cached_property
    def _paths(self) -> tuple[np.ndarray, np.ndarray]:
        """For each leaf of each tree its path's contributions, (leaves, F), and where each tree's leaves begin."""
        tables = [_path_table(tree) for tree in self.booster.model_to_string().split("\nTree=")[1:]]
        return np.concatenate(tables), np.cumsum([0] + [len(table) for table in tables[:-1]])


def _path_table(tree: str) -> np.ndarray:
    """One tree's leaves x F, read from its text: a child >= 0 is a split, a child below 0 is leaf ~child."""
    fields = dict(line.split("=", 1) for line in tree.splitlines() if "=" in line)
    numbers = {name: np.array(fields.get(name, "").split(), dtype=float) for name in ("internal_value", "leaf_value")}
    nodes = {
        name: [int(n) for n in fields.get(name, "").split()] for name in ("split_feature", "left_child", "right_child")
    }
    table = np.zeros((len(numbers["leaf_value"]), len(MODEL_COLUMNS)))
    reached = {0: np.zeros(len(MODEL_COLUMNS))} if nodes["left_child"] else {}
    while reached:
        node, path = reached.popitem()
        for child in (nodes["left_child"][node], nodes["right_child"][node]):
            value = numbers["internal_value"][child] if child >= 0 else numbers["leaf_value"][~child]
            further = path.copy()
            further[nodes["split_feature"][node]] += value - numbers["internal_value"][node]
            if child >= 0:
                reached[child] = further
            else:
                table[~child] = further
    return table


def fit(train: Rows, tune: Rows, seed: int, threads: int) -> BoostedTrees:
    """The setting with the lowest log-loss on tune; the same seed and threads give the same trees."""
    fitted = [_fit_one({**COMMON, **setting}, train, tune, seed, threads) for setting in SETTINGS]
    return min(fitted, key=lambda model: log_loss(model.predict_proba(tune.matrix), tune.is_late))


def _fit_one(parameters: dict[str, Any], train: Rows, tune: Rows, seed: int, threads: int) -> BoostedTrees:
    import lightgbm

    repeatable = {"deterministic": True, "force_row_wise": True, "seed": seed, "num_threads": threads}
    columns, categories = list(MODEL_COLUMNS), [name for name in MODEL_COLUMNS if name in CODES]
    known = lightgbm.Dataset(
        train.matrix, train.is_late.astype(float), feature_name=columns, categorical_feature=categories
    )
    booster = lightgbm.train(
        {**parameters, **repeatable},
        known,
        MOST_TREES,
        valid_sets=[lightgbm.Dataset(tune.matrix, tune.is_late.astype(float), reference=known)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    best = lightgbm.Booster(model_str=booster.model_to_string(num_iteration=booster.best_iteration))
    return BoostedTrees(best, {**parameters, "trees": best.num_trees()})


def from_text(text: str) -> BoostedTrees:
    """A booster from its own text format: numbers only, nothing that could run. Raises lightgbm.basic.LightGBMError."""
    import lightgbm

    model = BoostedTrees(lightgbm.Booster(model_str=text))
    _ = model._paths  # made at load, so that the first caller does not wait for it
    return model
