"""A live system's snapshot, and the answers that a challenger gave in the shadow."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from labels import label_table
from mlsystem.domain import PROBLEM
from mlsystem.retraining.evidence import shadowed
from mlsystem.retraining.live_snapshot import LiveSnapshot

MARCH = date(2031, 3, 1)
MIDNIGHT = datetime(2031, 3, 1, tzinfo=UTC)
DAY = np.timedelta64(1, "D")


def answered(count: int, version: str = "1") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "as_of": pd.Series([MIDNIGHT - timedelta(hours=n) for n in range(count)]).astype("datetime64[us, UTC]"),
            "model_version": version,
            "shadow_version": [None] * count,
            "shadow_probability": [None] * count,
            **{f"model_row.{name}": 0.0 for name in PROBLEM.model_columns},
        }
    )


def always(probability: float):  # type: ignore[no-untyped-def]
    return lambda matrix: np.full(len(matrix), probability)


def test_a_shadow_is_counted_from_its_first_answer_and_compared_with_the_file():
    predictions = answered(10)
    predictions.loc[:3, "shadow_version"], predictions.loc[:3, "shadow_probability"] = "2", 0.25
    predictions.loc[2, "shadow_version"] = None

    found = shadowed(predictions, always(0.25), "2")

    assert (found.asked, found.scored, found.furthest) == (4, 3, 0.0)
    assert shadowed(predictions, always(0.35), "2").furthest == pytest.approx(0.1)
    assert shadowed(predictions, always(0.25), "3").scored == 0


def test_what_is_seen_ends_at_the_moment():
    known_at = [MIDNIGHT - timedelta(days=1), MIDNIGHT, MIDNIGHT + timedelta(hours=1)]
    labels = label_table(["a", "b", "c"], np.zeros(3, bool), known_at)
    predictions = pd.concat([answered(5), answered(5, "2").assign(as_of=MIDNIGHT + timedelta(minutes=30))])
    seen = LiveSnapshot(MIDNIGHT, pa.table({}), predictions, labels)

    assert seen.labels_since(date(2031, 2, 28)) == 2
    assert len(seen.answers_of("1", timedelta(hours=2))) == 3
    assert len(seen.answers_of("2", timedelta(hours=2))) == 0
