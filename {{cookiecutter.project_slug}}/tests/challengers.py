"""Real challengers for the gate: quick LightGBM models fitted on real questions, each with one fault or none."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from labels import month_at
from mlsystem.domain import PROBLEM
from mlsystem.monitoring.performance import read_labels
from mlsystem.monitoring.skew import compared
from mlsystem.retraining.evidence import Evidence, Shadowed
from mlsystem.settings import Settings
from mlsystem.training.boosting import BoostedTrees, from_text
from mlsystem.training.compare import latency_ms
from mlsystem.training.slices import masks
from mlsystem.training.split import Rows

CATEGORIES = [name for name in PROBLEM.model_columns if name in PROBLEM.codes]
Change = Callable[[Rows], Rows]
HALF = month_at(1 / 2)  # what a challenger learns from lies before it
LIVE = timedelta(days=28)  # from then on


def training_table(built: Settings) -> pa.Table:
    return pq.read_table(built.training_sets_dir / f"{PROBLEM.feature_service}.parquet")


def outcomes(built: Settings) -> np.ndarray:
    """The label's column (n,) of the rows of the training set, as it came true."""
    values = read_labels(built.validated_dir).to_pandas().set_index("question_id")[PROBLEM.label.column]
    return values.loc[training_table(built)["question_id"].to_pylist()].to_numpy(dtype="float64")


def between(rows: Rows, first: date, until: date) -> np.ndarray:
    """Which of the rows are of these days: (n,) bool."""
    return (rows.service_date >= np.datetime64(first)) & (rows.service_date < np.datetime64(until))


def fitted(rows: Rows, trees: int = 60, seed: int = 1) -> BoostedTrees:
    """A second of one thread: a model worth comparing, not worth serving."""
    parameters = {"objective": "binary", "num_leaves": 31, "min_child_samples": 200, "feature_fraction": 0.5}
    repeatable = {"deterministic": True, "force_row_wise": True, "seed": seed, "num_threads": 1, "verbosity": -1}
    known = lightgbm.Dataset(
        rows.matrix, rows.label.astype(float), feature_name=list(PROBLEM.model_columns), categorical_feature=CATEGORIES
    )
    return from_text(lightgbm.train({**parameters, **repeatable}, known, trees).model_to_string())


def with_column(rows: Rows, name: str, values: np.ndarray) -> Rows:
    matrix = rows.matrix.copy()
    matrix[:, PROBLEM.model_columns.index(name)] = values
    return replace(rows, matrix=matrix)


@dataclass
class Committee:
    """The same model asked many times over: as good, and slow."""

    model: BoostedTrees
    members: int = 200
    parameters: dict = field(default_factory=dict)

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:
        return np.mean([self.model.predict_proba(matrix) for _ in range(self.members)], axis=0)

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        return self.model.contributions(matrix)


@dataclass(frozen=True)
class Trial:
    """A champion in office, and the live questions on which challengers are shown in its shadow."""

    champion: np.ndarray  # its answers to the live questions
    live: Rows

    def evidence(self, model: BoostedTrees | Committee, store: Change = lambda rows: rows, **found: object) -> Evidence:
        """The model in the shadow. `store` is what its training store says of the questions that were served."""
        booster = model.model.booster if isinstance(model, Committee) else model.booster
        scores = (model.model if isinstance(model, Committee) else model).predict_proba(self.live.matrix)
        sides = (dict(zip(PROBLEM.model_columns, rows.matrix.T, strict=True)) for rows in (self.live, store(self.live)))
        measured = {
            "champion": self.champion,
            "challenger": scores,
            "label": self.live.label,
            "service_date": self.live.service_date,
            "slices": {f"{by} {value}": mask for by, value, mask in masks(self.live) if by != "month"},
            "latency_ms": latency_ms(model, self.live.matrix[:40]),
            "size_bytes": len(booster.model_to_string()),
            "skew": compared(*sides),
            "shadow": Shadowed(len(scores), len(scores), 0.0),
        }
        return Evidence(**(measured | found))


def trial_of(year: Rows) -> Trial:
    """A champion that learned from the first sixth of the year, shadowed for the four weeks after HALF."""
    live = year.where(between(year, HALF, HALF + LIVE))
    champion = fitted(year.where(between(year, PROBLEM.first_day, month_at(1 / 6))), trees=40)
    return Trial(champion.predict_proba(live.matrix), live)


def redrawn(evidence: Evidence, seed: int, swap: bool = False) -> Evidence:
    """The same trial on other such days: days drawn with replacement; with `swap`, a coin for each day says which
    of the two models is called the challenger, so that they are equal by construction."""
    random = np.random.default_rng(seed)
    days = np.unique(evidence.service_date)
    drawn = [np.flatnonzero(evidence.service_date == day) for day in random.choice(days, len(days))]
    rows = np.concatenate(drawn)
    dates = np.repeat(days, [len(day) for day in drawn])
    is_swapped = np.repeat(random.random(len(days)) < 0.5, [len(day) for day in drawn]) & swap
    first, second = evidence.champion[rows], evidence.challenger[rows]
    return replace(
        evidence,
        champion=np.where(is_swapped, second, first),
        challenger=np.where(is_swapped, first, second),
        label=evidence.label[rows],
        service_date=dates,
        slices={name: mask[rows] for name, mask in evidence.slices.items()},
    )
