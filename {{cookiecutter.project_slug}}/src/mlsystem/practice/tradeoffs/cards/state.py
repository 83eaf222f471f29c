"""What several checks ask of the project's state."""

from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.model_registry.champion import Champion, NoChampion
from mlsystem.practice.tradeoffs.cards.card import Target
from mlsystem.settings import Settings


class NothingToChange(UserError):
    """The project lacks what the card is about."""


def training_set(settings: Settings) -> pa.Table | None:
    path = settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet"
    return pq.read_table(path) if path.exists() else None


def fingerprint_of(table: pa.Table) -> str:
    return (table.schema.metadata or {}).get(storage.FINGERPRINT_KEY, b"").decode()


def champion(settings: Settings) -> Champion | None:
    """Who answers; None if none can be loaded."""
    from mlsystem.model_registry import registry

    try:
        return registry.load_champion(settings.models_dir)
    except NoChampion:
        return None


def present_champion(settings: Settings) -> Target:
    """The champion learned from a training set of the present code and data, whatever was changed."""
    from mlsystem.flows.train import training_fingerprint

    name = "the champion was trained on today's data by today's code"
    model, rows = champion(settings), training_set(settings)
    if model is None or rows is None:
        return Target(name, False, "no champion that fits the present features" if rows else "no training set")
    wanted = training_fingerprint(settings.first_day, settings.last_day, settings)
    learned_from = {"training set": fingerprint_of(rows), "champion": str(model.training.get("made_from"))}
    old = [what for what, made_from in learned_from.items() if made_from != wanted]
    return Target(name, not old, f"version {model.version}; of before the change: {', '.join(old) or 'nothing'}")


def span(days: float) -> timedelta:
    return timedelta(days=days)
