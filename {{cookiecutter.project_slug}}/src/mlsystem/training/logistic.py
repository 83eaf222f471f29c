"""Logistic regression: one-hot categories, missing values filled and marked, every column on one scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlsystem.domain import PROBLEM
from mlsystem.training.split import Rows

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

CATEGORIES = [index for index, name in enumerate(PROBLEM.model_columns) if name in PROBLEM.codes]
NUMBERS = [index for index, name in enumerate(PROBLEM.model_columns) if name not in PROBLEM.codes]
INVERSE_PENALTY = 0.01  # mild beside 200,000 rows; it holds categories with ten rows near zero


@dataclass(frozen=True)
class LogisticRegression:
    pipeline: "Pipeline"

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"inverse_penalty": INVERSE_PENALTY}

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        return self.pipeline.predict_proba(matrix.astype("float32"))[:, 1].astype("float64")

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        """Coefficient x standardised value, summed by the column it came from: against the average row."""
        scaled = self.pipeline[:-1].transform(matrix.astype("float32")) * self.pipeline[-1].coef_[0]
        result = np.zeros(matrix.shape)
        np.add.at(result.T, self._sources, scaled.T)
        return result

    @cached_property
    def _sources(self) -> np.ndarray:
        """For each column after encoding, the model column that it came from."""
        encoder = self.pipeline[0].named_transformers_["categories"]
        filler = self.pipeline[0].named_transformers_["numbers"]
        one_hot = [index for index, found in zip(CATEGORIES, encoder.categories_, strict=True) for _ in found]
        return np.array([*one_hot, *NUMBERS, *(NUMBERS[index] for index in filler.indicator_.features_)])


def fit(train: Rows, tune: Rows, seed: int, threads: int) -> LogisticRegression:
    """Newton's method: exact, without randomness, and 5 times faster than L-BFGS on many rows and few columns."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression as Solver
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)
    filler = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    pipeline = make_pipeline(
        ColumnTransformer([("categories", encoder, CATEGORIES), ("numbers", filler, NUMBERS)]),
        StandardScaler(copy=False),
        Solver(C=INVERSE_PENALTY, solver="newton-cholesky"),
    )
    # float32 halves the encoded matrix: 160 MB for a year.
    return LogisticRegression(pipeline.fit(train.matrix.astype("float32"), train.label))
