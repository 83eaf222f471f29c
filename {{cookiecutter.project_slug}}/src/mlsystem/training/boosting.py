"""LightGBM: boosted trees on the columns as they are; the number of trees and the setting are chosen on tune."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from mlsystem.domain.request import CODES, MODEL_COLUMNS
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
    paths: tuple[np.ndarray, np.ndarray]  # _path_tables of its text
    parameters: Mapping[str, Any]

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        return np.asarray(self.booster.predict(matrix, num_threads=1))

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        """Along each tree's path, what every split moved the expected log-odds, summed by column (Saabas): not SHAP.

        Their sum and a constant are the log-odds, as with SHAP. But where columns act together, the lower split gets
        the credit; `agreement` says how often that changes who comes first. Exact TreeSHAP is LightGBM's own
        `pred_contrib`: 1.1 ms for one row, not 0.05, and over a second for a request of 1,000 flights.
        """
        leaves = np.asarray(self.booster.predict(matrix, pred_leaf=True, num_threads=1), dtype=int)  # (n, trees)
        tables, offsets = self.paths
        return np.stack([tables[row].sum(axis=0) for row in leaves.reshape(len(matrix), -1) + offsets])


def agreement(model: BoostedTrees, matrix: np.ndarray) -> dict[str, float]:
    """How often the contributions name what exact TreeSHAP names: `first` place, and all `three` in any order.

    `turned`: how many of the first three have the other sign. Shares of the rows (n, F), and of their reasons.
    """
    paths, exact = model.contributions(matrix), np.asarray(model.booster.predict(matrix, pred_contrib=True))[:, :-1]
    ours, theirs = (np.argsort(-np.abs(one), axis=1, kind="stable")[:, :3] for one in (paths, exact))
    signs = np.sign(np.take_along_axis(paths, ours, 1)) != np.sign(np.take_along_axis(exact, ours, 1))
    return {
        "rows": float(len(matrix)),
        "first": float((ours[:, 0] == theirs[:, 0]).mean()),
        "three": float((np.sort(ours, axis=1) == np.sort(theirs, axis=1)).all(axis=1).mean()),
        "turned": float(signs.mean()),
    }


def _path_tables(text: str) -> tuple[np.ndarray, np.ndarray]:
    """For each leaf of each tree its path's contributions, (trees x leaves, F), and where each tree's leaves begin.

    From the booster's text, where a child >= 0 is a split and a child below 0 is leaf ~child. All trees at once, for a
    worker does this beside its answers.
    """
    trees = [_fields(tree) for tree in text.split("\nTree=")[1:]]
    split_value, leaf_value = _padded(trees, "internal_value"), _padded(trees, "leaf_value")
    feature, *children = (_padded(trees, name) for name in ("split_feature", "left_child", "right_child"))
    splits = split_value.shape[1]
    value = np.hstack([split_value, leaf_value])  # a tree's splits come first, then its leaves
    paths = np.zeros((*value.shape, len(MODEL_COLUMNS)))
    for split in range(splits):  # a child's number is above its parent's
        tree = np.flatnonzero(~np.isnan(feature[:, split]))
        column = feature[tree, split].astype(int)
        for side in children:
            child = side[tree, split].astype(int)
            child = np.where(child >= 0, child, splits + ~child)
            paths[tree, child] = paths[tree, split]
            paths[tree, child, column] += value[tree, child] - value[tree, split]
    leaves = leaf_value.shape[1]
    return paths[:, splits:].reshape(-1, len(MODEL_COLUMNS)), np.arange(len(trees)) * leaves


def _fields(tree: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in tree.splitlines() if "=" in line)


def _padded(trees: Sequence[Mapping[str, str]], name: str) -> np.ndarray:
    """One line of each tree as numbers, (trees, longest); NaN after the end of a shorter one."""
    rows = [[float(number) for number in tree.get(name, "").split()] for tree in trees]
    longest = max(map(len, rows), default=0)
    return np.array([row + [math.nan] * (longest - len(row)) for row in rows]).reshape(len(rows), longest)


def fit(train: Rows, tune: Rows, seed: int, threads: int) -> BoostedTrees:
    """The setting with the lowest log-loss on tune; the same seed and threads give the same trees."""
    fitted = []
    for place, setting in enumerate(SETTINGS, start=1):
        logger.info("lightgbm: setting %s of %s", place, len(SETTINGS))
        fitted.append(_fit_one({**COMMON, **setting}, train, tune, seed, threads))
    return min(fitted, key=lambda model: log_loss(model.predict_proba(tune.matrix), tune.is_late))


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
        valid_sets=[lightgbm.Dataset(tune.matrix, tune.is_late.astype(float), reference=known)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False), _tell],
    )
    text = booster.model_to_string(num_iteration=booster.best_iteration)
    return from_text(text, {**parameters, "trees": text.count("\nTree=")})


def _tell(at: "CallbackEnv") -> None:
    if (at.iteration + 1) % TOLD_TREES == 0:
        logger.info("lightgbm: %s of at most %s trees", at.iteration + 1, MOST_TREES)


def _repeatable(seed: int, threads: int) -> dict[str, Any]:
    return {"deterministic": True, "force_row_wise": True, "seed": seed, "num_threads": threads}


def _dataset(rows: Rows) -> "Dataset":
    import lightgbm

    columns, categories = list(MODEL_COLUMNS), [name for name in MODEL_COLUMNS if name in CODES]
    return lightgbm.Dataset(
        rows.matrix, rows.is_late.astype(float), feature_name=columns, categorical_feature=categories
    )


def from_text(text: str, parameters: Mapping[str, Any] = MappingProxyType({})) -> BoostedTrees:
    """A booster from its own text format: numbers only, nothing that could run. Raises lightgbm.basic.LightGBMError."""
    import lightgbm

    return BoostedTrees(lightgbm.Booster(model_str=text), _path_tables(text), parameters)
