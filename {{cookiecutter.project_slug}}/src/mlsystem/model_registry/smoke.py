"""A model's first prediction, made before anybody depends on it: does what was loaded answer at all, and sanely?"""

import numpy as np

from mlsystem.model_registry.champion import Champion, UnusableModel, WrongColumns


def smoke_rows(champion: Champion) -> np.ndarray:
    """Three rows (3, F) as training saw them: each column's most frequent bin, its last known bin, and missing."""
    return np.array([[_typical(champion, name, kind) for name in champion.columns] for kind in range(3)])


def check_smoke(champion: Champion) -> None:
    """Raises UnusableModel unless probabilities are finite and within [0, 1], and every row has reasons."""
    rows = smoke_rows(champion)
    for what, predict in (("prediction", champion.predict), ("fallback", champion.fallback)):
        try:
            found = predict(rows)
        except (ValueError, TypeError, IndexError, KeyError, WrongColumns) as problem:
            raise UnusableModel(
                f"the {what} of model version {champion.version} fails ({type(problem).__name__}: {problem}); "
                f"roll back to another version, or run `make train`"
            ) from problem
        if found.shape != (len(rows),) or not bool(np.all((found >= 0) & (found <= 1))):  # NaN compares as false
            raise UnusableModel(
                f"the {what} of model version {champion.version} gives {found.tolist()}, expected {len(rows)} "
                f"probabilities within [0, 1]; roll back to another version, or run `make train`"
            )


def _typical(champion: Champion, name: str, kind: int) -> float:
    reference = champion.references[name]
    edges = reference.edges
    if kind == 2 or not edges:
        return float("nan")
    if kind == 1:
        return edges[-1] + 0.5
    return edges[min(int(np.argmax(reference.counts[: len(edges) + 1])), len(edges) - 1)]
