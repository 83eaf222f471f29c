"""The test days as an experiment would have seen them: what each question cost, and what was expected of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.settings import Settings

MONEY, RATE = "money", "rate"


class NoTrainingSet(UserError):
    """Nothing has been trained, so there are no test days."""


@dataclass(frozen=True)
class Measure:
    """Per question: what came out, and what the champion expected before anybody was assigned to an arm."""

    outcome: np.ndarray  # (n,) money per 1,000, or 100 where it happened
    expected: np.ndarray  # (n,) the same, by the champion's probability
    unit: str


@dataclass(frozen=True)
class Log:
    """Labelled questions in the order of their days."""

    day: np.ndarray  # (n,) 0 … D - 1
    keys: dict[str, np.ndarray]  # (n,) text, by the field of the question
    missed: np.ndarray  # (n,) bool: we did not act, and the label is true
    measures: dict[str, Measure]

    @property
    def days(self) -> int:
        return int(self.day.max()) + 1

    @property
    def per_day(self) -> float:
        return len(self.day) / self.days


def read(settings: Settings) -> tuple[Log, Log]:
    """The month on which choices are made, and the test days. Raises NoTrainingSet, NoChampion."""
    import pyarrow.parquet as pq

    from mlsystem.model_registry.registry import load_champion
    from mlsystem.training.split import default_split, rows_of

    path = settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet"
    if not path.exists():
        raise NoTrainingSet(f"there is no {path}; run `make demo` or `make train` first")
    table = pq.read_table(path)
    rows, champion = rows_of(table), load_champion(settings.models_dir)
    split = default_split(settings.first_day, settings.last_day)
    ids = table["question_id"].to_pylist()
    parts = []
    for first, last in ((split.train_until, split.tune_until), (split.tune_until, None)):
        inside = rows.service_date >= np.datetime64(first)
        if last is not None:
            inside &= rows.service_date < np.datetime64(last)
        chosen = np.flatnonzero(inside)[np.argsort(rows.service_date[inside], kind="stable")]
        keys = _keys([ids[row] for row in chosen], rows.service_date[chosen], settings.validated_dir)
        parts.append(log_of(champion.predict(rows.matrix[chosen]), rows.label[chosen], rows.service_date[chosen], keys))
    return parts[0], parts[1]


def log_of(probability: np.ndarray, label: np.ndarray, dates: np.ndarray, keys: dict[str, np.ndarray]) -> Log:
    """What follows from the champion's probabilities and what came true."""
    from mlsystem.training.evaluation import cents

    costs = PROBLEM.costs
    acted = probability > costs.act_above
    if_true, if_not = (cents(acted, np.full(len(label), true)) * 10.0 for true in (True, False))
    missed = ~acted & label
    money = Measure(
        np.where(label, if_true, if_not), probability * if_true + (1 - probability) * if_not, PROBLEM.per_1000
    )
    rate = Measure(
        100.0 * missed, 100.0 * probability * ~acted, f"% of {PROBLEM.words.questions} with a {PROBLEM.words.missing}"
    )
    return Log(np.unique(dates, return_inverse=True)[1], keys, missed, {MONEY: money, RATE: rate})


def _keys(ids: list[str], dates: np.ndarray, validated_dir: Path) -> dict[str, np.ndarray]:
    """The views' keys of each question; an empty text for what was not said."""
    days = [day.item() for day in np.unique(dates)]
    asked = storage.Partitions(validated_dir / PROBLEM.asked_of).read(days)
    place = {one: row for row, one in enumerate(asked[PROBLEM.id_column].to_pylist())}
    rows = [place[one] for one in ids]
    return {key: np.array([str(value or "") for value in asked[key].take(rows).to_pylist()]) for key in PROBLEM.keys}
