"""Flights with a known law of lateness, for tests that need rows to learn from and not a year of them."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from mlsystem.domain.request import CODES, MODEL_COLUMNS
from mlsystem.training.compare import Comparison

FIRST_DAY = date(2013, 1, 1)


def planted_training_set(days: int = 60, flights_a_day: int = 60, missing: float = 1 / 3, seed: int = 7) -> pa.Table:
    """A training set in which the origin's late share (`missing` of it) and the carrier make flights late."""
    random, n = np.random.default_rng(seed), days * flights_a_day
    columns = {name: random.normal(size=n) for name in MODEL_COLUMNS}
    columns |= {name: random.integers(len(codes), size=n).astype(float) for name, codes in CODES.items()}
    columns["departure_minute_of_day"] = random.integers(1_440, size=n).astype(float)
    columns["weather_precipitation"] = columns["weather_precipitation"].clip(0)
    columns["weather_visibility"] = random.uniform(0, 10, size=n)
    late_share = random.random(n)
    columns["origin_late_share_1h"] = np.where(random.random(n) < missing, np.nan, late_share)
    log_odds = 5 * late_share - 4 + 0.1 * columns["carrier"]
    about = {
        "flight_id": [f"flight {index}" for index in range(n)],
        "service_date": [FIRST_DAY + timedelta(days=index // flights_a_day) for index in range(n)],
        "is_late": random.random(n) < 1 / (1 + np.exp(-log_odds)),
    }
    return pa.table({**about, **{name: columns[name] for name in MODEL_COLUMNS}})


def broken(comparison: Comparison) -> Comparison:
    """The climatology of it alone, whole in every file, with a calibration that makes each probability NaN."""
    result = comparison.results["climatology"]
    fitted = replace(result.fitted, calibration=replace(result.fitted.calibration, slope=float("nan")))
    return replace(comparison, results={result.name: replace(result, fitted=fitted)}, chosen=result.name)
