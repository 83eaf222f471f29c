"""What a system without the fault would have answered: the user's own champion on the user's own training rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from mlsystem.domain import PROBLEM
from mlsystem.monitoring.performance import read_labels
from mlsystem.settings import Settings

if TYPE_CHECKING:
    from mlsystem.model_registry.champion import Champion


@dataclass(frozen=True)
class Reference:
    """By question id. The rows are the offline store's, as of the question's own moment, and nothing of the sandbox."""

    theirs: Settings

    @cached_property
    def champion(self) -> "Champion":
        """The one that the drill began with."""
        from mlsystem.model_registry.registry import load_champion

        return load_champion(self.theirs.models_dir)

    @cached_property
    def probability(self) -> pd.Series:
        """Of every question that has a row: what the champion says of it."""
        path = self.theirs.training_sets_dir / f"{PROBLEM.feature_service}.parquet"
        rows = pq.read_table(path).to_pandas().set_index("question_id")
        rows = rows[rows["service_date"] >= PROBLEM.held_out[0]]
        matrix = rows[[*PROBLEM.model_columns]].to_numpy(dtype=np.float64)
        return pd.Series(self.champion.predict(matrix), index=rows.index)

    @cached_property
    def labels(self) -> pd.DataFrame:
        """`known_at` and `label` (bool) of each question that has one, by its id."""
        labels = read_labels(self.theirs.validated_dir).to_pandas().set_index("question_id")
        return labels.assign(label=PROBLEM.label.is_true(labels[PROBLEM.label.column]))[["known_at", "label"]]


def money(asked: pd.DataFrame, labels: pd.DataFrame) -> float:
    """What the decisions cost per 1,000 questions that have a label, in PROBLEM.costs' unit; NaN without any.

    A question that got no answer was not acted on.
    """
    from mlsystem.training.evaluation import cost_per_1000

    joined = asked.join(labels["label"], on="id", how="inner")
    if joined.empty:
        return float("nan")
    acted = (joined["decision"] == PROBLEM.words.act).to_numpy()
    return float(cost_per_1000(acted, joined["label"].to_numpy(dtype=bool)))
