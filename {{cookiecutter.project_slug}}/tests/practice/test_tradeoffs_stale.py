"""Features of minutes earlier: the lab's own join says what the feature store's says, and never what came later."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs.stale import stale_matrix
from mlsystem.training.split import rows_of

SAMPLE = 400


@pytest.fixture(scope="module")
def training_set(system):  # type: ignore[no-untyped-def]
    return pq.read_table(system.settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet")


def test_at_no_minutes_it_is_the_training_set_to_the_last_digit(system, training_set):  # type: ignore[no-untyped-def]
    expected = rows_of(training_set).matrix

    found = stale_matrix(training_set, 0, system.settings)

    assert np.array_equal(found, expected, equal_nan=True)


@pytest.mark.slow
def test_at_some_minutes_it_is_what_the_store_knew_then(system, training_set):  # type: ignore[no-untyped-def]
    """The request's features stay; the stored ones are those of the earlier moment, by Feast's own join."""
    import pandas as pd

    from mlsystem import storage
    from mlsystem.feature_store.store import open_store
    from mlsystem.feature_store.training_sets import historical_features, model_matrix

    settings, minutes = system.settings, 60
    rows = training_set.take(np.linspace(0, training_set.num_rows - 1, SAMPLE).astype(int))
    asked = storage.Partitions(settings.validated_dir / PROBLEM.asked_of).read().to_pandas()
    asked = asked.set_index(PROBLEM.id_column, drop=False).loc[rows["question_id"].to_pylist()]
    moments = rows["event_timestamp"].to_pandas() - pd.Timedelta(minutes=minutes)
    store = open_store(settings.features_dir, settings.online_dir, register=False)
    known = historical_features(store, asked.assign(event_timestamp=moments.to_numpy()).reset_index(drop=True))
    expected = model_matrix(known).to_numpy()

    found = stale_matrix(rows, minutes, settings)

    assert np.allclose(found, expected, equal_nan=True, rtol=0, atol=1e-9)
    assert not np.array_equal(found, rows_of(rows).matrix, equal_nan=True)
