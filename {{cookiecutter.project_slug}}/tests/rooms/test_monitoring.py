"""Batch monitoring: drift that was planted is found, and what the answers went without is said."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from mlsystem.domain import PROBLEM
from mlsystem.drift import number_reference
from mlsystem.monitoring import batch

NOON = datetime(2031, 11, 5, 12, tzinfo=UTC)


def predictions(count: int, shift: float = 0.0) -> pd.DataFrame:
    draws = np.random.default_rng(1).normal(shift, 1, count)
    return pd.DataFrame(
        {
            "question_id": [f"2031-11-05/{number}" for number in range(count)],
            "model_row.a": draws,
            "probability": np.linspace(0.05, 0.95, count),
            "decision": [PROBLEM.words.hold, PROBLEM.words.act] * (count // 2),
            "degraded": [False] * count,
        }
    )


def references() -> dict:
    seen = np.random.default_rng(2).normal(0, 1, 20_000)
    return {
        "a": number_reference("a", seen),
        "score": number_reference("score", np.linspace(0.05, 0.95, 20_000)),
    }


def test_a_shifted_column_drifts_and_the_others_do_not():
    found = batch.drift(predictions(2_000, shift=2.0), references())

    assert next(iter(found)) == "a"
    assert found["a"] > 1
    assert found["score"] < 0.05


def test_a_quiet_stretch_shows_no_drift():
    found = batch.drift(predictions(2_000), references())

    assert max(found.values()) < 0.05


def test_of_two_predictions_for_one_question_the_last_counts():
    log = pa.table(
        {
            "logged_at": [NOON + timedelta(hours=1), NOON],
            "question_id": ["2031-11-05/1"] * 2,
            "probability": [0.2, 0.1],
        }
    )

    kept = batch.newest_per_question(log)

    assert kept["probability"].tolist() == [0.2]
    assert kept["question_id"].tolist() == ["2031-11-05/1"]


def test_quality_says_what_the_answers_went_without():
    log = predictions(10)
    log["model_row.a"] = [None if number < 3 else 1.0 for number in range(10)]

    found = batch.quality(log)

    assert found["missing_share"] == {"a": 0.3}
    assert found["acted_share"] == 0.5
