"""Features as they were some minutes before the moment of prediction: what a slower pipeline would have known.

The feature store's own join takes two minutes for a year; this one, in one query a view, takes seconds, and gives the
same matrix at 0 minutes (tests/practice/test_tradeoffs_stale.py).
"""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlsystem import storage
from mlsystem.contract.features import EVERYTHING, View
from mlsystem.contract.problem import OVERDUE
from mlsystem.domain import PROBLEM
from mlsystem.engine import query
from mlsystem.settings import Settings

HOUR = 3_600e6  # microseconds


def stale_matrix(training_set: pa.Table, minutes: int, settings: Settings) -> np.ndarray:
    """The matrix (n, F) of the training set, had the store stood still so many minutes before each question.

    Ages go on counting to the moment of prediction. A view's time to live counts from the store's moment: it was
    declared for fresh features, and a slower pipeline would declare a longer one.
    """
    asked = _asked(training_set, settings.validated_dir)
    moment = pc.subtract(training_set["event_timestamp"].cast(pa.timestamp("us", "UTC")), timedelta(minutes=minutes))
    asked = asked.append_column("moment", moment).append_column("place", pa.array(range(asked.num_rows)))
    stored: dict[str, np.ndarray] = {}
    for view in PROBLEM.views:
        stored |= _join(view, asked, settings.features_dir)
    for table, features in PROBLEM.silenced.items():
        is_silent = stored[f"{OVERDUE}{table}"] >= PROBLEM.silent_from[table]
        for name in features:
            stored[name] = np.where(is_silent, np.nan, stored[name])
    predicted_at = training_set["event_timestamp"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    ages = {one.name: (predicted_at - stored[one.age_of]) / HOUR for one in PROBLEM.request_features if one.age_of}
    known = stored | ages
    return np.column_stack([known[n] if n in known else _own(training_set, n) for n in PROBLEM.model_columns])


def _own(training_set: pa.Table, name: str) -> np.ndarray:
    return training_set[name].to_numpy().astype("float64")


def _asked(training_set: pa.Table, validated_dir: Path) -> pa.Table:
    """The keys of each row of the training set, in its order."""
    keys = [PROBLEM.id_column, *PROBLEM.keys]
    rows = storage.Partitions(validated_dir / PROBLEM.asked_of).read().select(keys).to_pandas()
    ordered = rows.set_index(PROBLEM.id_column).loc[training_set["question_id"].to_pylist()]
    return pa.Table.from_pandas(ordered.assign(**{EVERYTHING: EVERYTHING}), preserve_index=False)


def _join(view: View, asked: pa.Table, features_dir: Path) -> dict[str, np.ndarray]:
    """Each feature of the view, (n,) float64: the newest row of the key at the moment, if its time is not over."""
    rows = storage.Partitions(features_dir / view.name).read()
    same_key = " AND ".join(f"asked.{key} = made.{key}" for key in view.join_keys)
    in_time = f"moment - event_timestamp <= INTERVAL '{round(view.ttl.total_seconds())}' SECOND"
    features = [feature.name for feature in view.features]
    values = ", ".join(f"CASE WHEN {in_time} THEN {_number(name)} END AS {name}" for name in features)
    joined = query(
        f"SELECT {values} FROM asked ASOF LEFT JOIN made ON {same_key} AND asked.moment >= made.event_timestamp "
        "ORDER BY place",
        {"asked": asked, "made": rows},
    )
    return {name: joined[name].to_numpy().astype("float64") for name in features}


def _number(feature: str) -> str:
    """As float64; an instant as its microseconds."""
    return f"EPOCH_US({feature})" if feature in PROBLEM.instants else feature
