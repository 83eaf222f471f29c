"""One look at a stretch of the prediction log: what came in, and what came out."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from mlsystem.domain import PROBLEM
from mlsystem.drift import Reference, psi

INPUT = "model_row."
LEFT_OUT = ("stored", "feature_ages_seconds", "degraded_because")


def newest_per_question(log: pa.Table) -> pd.DataFrame:
    """The log with one row per question, its last prediction (a replay asks again).

    The struct of the model's inputs becomes columns, `model_row.<name>`; what was stored stays behind.
    """
    flat = log.drop_columns([name for name in LEFT_OUT if name in log.column_names]).flatten()
    rows = flat.to_pandas().sort_values("logged_at", kind="stable")
    return rows.drop_duplicates("question_id", keep="last", ignore_index=True)


def inputs(predictions: pd.DataFrame) -> pd.DataFrame:
    """The model's inputs as they were served: one float64 column per name."""
    names = [str(name) for name in predictions.columns if str(name).startswith(INPUT)]
    return predictions[names].astype("float64").rename(columns=lambda name: name.removeprefix(INPUT))


def drift(predictions: pd.DataFrame, references: Mapping[str, Reference]) -> dict[str, float]:
    """PSI of every model column and of the score against training, largest first.

    The questions of a day share much, so their PSI is large without any lasting change; a limit has to come from
    reference weeks, not from the rule of 0.1 and 0.25 (decision 0010).
    """
    columns = inputs(predictions)
    values = {name: columns[name].to_numpy() for name in columns} | {"score": predictions["probability"].to_numpy()}
    found = {name: round(psi(references[name].counts, references[name].count(values[name])), 4) for name in references}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def quality(predictions: pd.DataFrame) -> dict[str, Any]:
    """What the answers had to go without: shares in [0, 1], columns with nothing missing left out."""
    columns = inputs(predictions)
    missing = columns.isna().mean()
    return {
        "predictions": len(predictions),
        "acted_share": round(float((predictions["decision"] == PROBLEM.words.act).mean()), 4),
        "degraded_share": round(float(predictions["degraded"].mean()), 4),
        "missing_share": {name: round(float(share), 4) for name, share in missing[missing > 0].items()},
    }
