"""The diagnosis of the champion's last seven days: which drift it is, for whoever follows up an alarm."""

from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from mlsystem.model_registry.champion import Champion
from mlsystem.monitoring.checks import FEWEST_DAYS, SHORT
from mlsystem.monitoring.diagnosis import Diagnosis, Window, diagnose
from mlsystem.monitoring.performance import labelled, rows_of
from mlsystem.training.drift_limits import window_psi
from mlsystem.training.slices import masks


def diagnosis_at(now: datetime, predictions: pd.DataFrame, labels: pa.Table, champion: Champion) -> Diagnosis | None:
    """Of the champion's own answers with a label known at `now`; None if they are too few days, or it has no limits."""
    is_recent = (predictions["as_of"] <= now) & (predictions["as_of"] > now - SHORT)
    joined = labelled(predictions[is_recent & (predictions["model_version"] == champion.version)], labels, now)
    rows = rows_of(joined)
    if champion.drift_limits is None or len(np.unique(rows.service_date)) < FEWEST_DAYS:
        return None
    probabilities = joined["probability"].to_numpy(dtype="float64")
    columns = {name: rows.column(name) for name in champion.columns} | {"score": probabilities}
    sliced = {f"{by} {value}": mask for by, value, mask in masks(rows)}
    moved = window_psi(columns, champion.references)
    return diagnose(Window(probabilities, rows.label, sliced, moved), champion.drift_limits)
