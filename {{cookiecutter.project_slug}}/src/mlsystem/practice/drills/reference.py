"""What a system without the fault would have answered: the user's own champion on the user's own offline features.

As of the hour at which the world asks, so that a healthy sandbox answers the same to many digits.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.model_registry.champion import Champion
from mlsystem.model_registry.registry import load_champion
from mlsystem.monitoring.performance import read_labels
from mlsystem.practice.drills.choices import DAY, DAYS, first_day
from mlsystem.settings import Settings

HOUR = "h"  # of pandas


@dataclass(frozen=True)
class Reference:
    """By question id. Nothing of it is the sandbox's. It takes some ten seconds, beside whatever else is done."""

    theirs: Settings
    seed: int
    _coming: "Future[pd.Series]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        aside = ThreadPoolExecutor(1)
        object.__setattr__(self, "_coming", aside.submit(self._probability))
        aside.shutdown(wait=False)

    @cached_property
    def champion(self) -> Champion:
        """The one that the drill began with."""
        return load_champion(self.theirs.models_dir)

    @property
    def probability(self) -> pd.Series:
        """Of every question of the days that a drill can last: what the champion says of it."""
        return self._coming.result()

    @cached_property
    def labels(self) -> pd.DataFrame:
        """`known_at` and `label` (bool) of each question that has one, by its id."""
        labels = read_labels(self.theirs.validated_dir).to_pandas().set_index("question_id")
        return labels.assign(label=PROBLEM.label.is_true(labels[PROBLEM.label.column]))[["known_at", "label"]]

    def _probability(self) -> pd.Series:
        from mlsystem.feature_store.store import open_store
        from mlsystem.feature_store.training_sets import historical_features, questions_of, with_as_of

        first = first_day(self.theirs, self.seed)
        rows = storage.Partitions(self.theirs.validated_dir / PROBLEM.asked_of).read(
            storage.day_range(first, min(first + DAYS * DAY, self.theirs.last_day))
        )
        asked = with_as_of(rows.to_pandas())
        asked = asked.assign(event_timestamp=asked["event_timestamp"].dt.floor(HOUR))
        with TemporaryDirectory() as aside:  # the user's registry is the user's, also in a project that was moved
            known = historical_features(open_store(self.theirs.features_dir, Path(aside)), asked)
        stored = known[[one.name for one in PROBLEM.stored_features]].astype(object)
        values: list[Any] = stored.where(stored.notna(), None).to_dict("records")
        hours = (moment.to_pydatetime() for moment in known["event_timestamp"])
        questions = (replace(one, asked_at=hour) for one, hour in zip(questions_of(known), hours, strict=True))
        matrix = np.array([PROBLEM.model_row(*one) for one in zip(questions, values, strict=True)], dtype=np.float64)
        return pd.Series(self.champion.predict(matrix), index=known[PROBLEM.id_column])
