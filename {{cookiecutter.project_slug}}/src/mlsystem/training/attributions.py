"""How much each column contributed to an answer of the trees: what every split moved the expected log-odds.

Along each tree's path, summed by column (Saabas): not SHAP. Their sum and a constant are the log-odds, as with SHAP.
But where columns act together, the lower split gets the credit: `agreement` says how often that changes the first.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mlsystem.domain import PROBLEM


def agreement(paths: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """How often the sums along paths name what exact TreeSHAP names, both (n, F): `first` place, and all `three`.

    `three` in any order. `turned`: how many of the first three have the other sign. Shares of the rows, and of their
    reasons.
    """
    ours, theirs = (np.argsort(-np.abs(one), axis=1, kind="stable")[:, :3] for one in (paths, exact))
    signs = np.sign(np.take_along_axis(paths, ours, 1)) != np.sign(np.take_along_axis(exact, ours, 1))
    return {
        "rows": float(len(paths)),
        "first": float((ours[:, 0] == theirs[:, 0]).mean()),
        "three": float((np.sort(ours, axis=1) == np.sort(theirs, axis=1)).all(axis=1).mean()),
        "turned": float(signs.mean()),
    }


def path_tables(text: str) -> tuple[np.ndarray, np.ndarray]:
    """For each leaf of each tree its path's contributions, (trees x leaves, F), and where each tree's leaves begin.

    From the booster's text, where a child >= 0 is a split and a child below 0 is leaf ~child. All trees at once, for a
    worker does this beside its answers.
    """
    trees = [_fields(tree) for tree in text.split("\nTree=")[1:]]
    split_value, leaf_value = _padded(trees, "internal_value"), _padded(trees, "leaf_value")
    feature, *children = (_padded(trees, name) for name in ("split_feature", "left_child", "right_child"))
    splits = split_value.shape[1]
    value = np.hstack([split_value, leaf_value])  # a tree's splits come first, then its leaves
    paths = np.zeros((*value.shape, len(PROBLEM.model_columns)))
    for split in range(splits):  # a child's number is above its parent's
        tree = np.flatnonzero(~np.isnan(feature[:, split]))
        column = feature[tree, split].astype(int)
        for side in children:
            child = side[tree, split].astype(int)
            child = np.where(child >= 0, child, splits + ~child)
            paths[tree, child] = paths[tree, split]
            paths[tree, child, column] += value[tree, child] - value[tree, split]
    leaves = leaf_value.shape[1]
    return paths[:, splits:].reshape(-1, len(PROBLEM.model_columns)), np.arange(len(trees)) * leaves


def _fields(tree: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in tree.splitlines() if "=" in line)


def _padded(trees: Sequence[Mapping[str, str]], name: str) -> np.ndarray:
    """One line of each tree as numbers, (trees, longest); NaN after the end of a shorter one."""
    rows = [[float(number) for number in tree.get(name, "").split()] for tree in trees]
    longest = max(map(len, rows), default=0)
    return np.array([row + [math.nan] * (longest - len(row)) for row in rows]).reshape(len(rows), longest)
