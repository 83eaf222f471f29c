"""What a worker answers with: loaded at its start, exchanged at a swap, and asked whether it still works."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.metrics.serving import ServingMetrics
from mlsystem.settings import Settings

if TYPE_CHECKING:
    from mlsystem.model_registry.champion import Champion
    from mlsystem.serving.predictor import Predictor


class CannotServe(UserError):
    """Something without which no question can be answered is not there."""


@dataclass(frozen=True)
class Loaded:
    """A champion with its features and its log. Never changed: a swap replaces the whole."""

    predictor: "Predictor"

    def with_champion(self, champion: "Champion") -> "Loaded":
        """The same features, log and metrics with another model."""
        return Loaded(replace(self.predictor, champion=champion))

    def problems(self) -> list[str]:
        """What this worker goes without, now. It answers all the same, so it is not asked for its readiness."""
        found = []
        if problem := self.predictor.features.check():
            found.append(f"the feature store cannot be read: {problem}")
        try:
            self.predictor.log.check()
        except OSError as problem:
            found.append(f"the prediction log cannot be written: {problem}")
        return found

    def about(self) -> dict[str, Any]:
        """What GET /model answers."""
        champion = self.predictor.champion
        return {
            "name": champion.name,
            "version": champion.version,
            "feature_service": champion.feature_service,
            "columns": list(champion.columns),
            "act_above": champion.act_above,
            "metrics": champion.metrics,
            "training": champion.training,
            "problems": self.problems(),
        }


def load(settings: Settings, metrics: ServingMetrics) -> Loaded:
    """The champion, the store and the log; 7 seconds, most of it importing Feast. Raises CannotServe."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import NotRegistered, open_store
    from mlsystem.model_registry.registry import NoChampion, load_champion
    from mlsystem.model_registry.smoke import check_smoke
    from mlsystem.serving.breaker import Breaker
    from mlsystem.serving.log_writer import PredictionLog
    from mlsystem.serving.predictor import Predictor

    try:
        champion = load_champion(settings.models_dir)
        check_smoke(champion)
        store = open_store(settings.features_dir, settings.online_dir, register=False)
        features = Breaker(OnlineFeatures(store), settings.lookup_budget_seconds, metrics, PROBLEM.example)
        predictor = Predictor(
            champion, features, PredictionLog(settings.predictions_dir, settings.prediction_log_files), metrics
        )
    except (NoChampion, NotRegistered) as problem:
        raise CannotServe(str(problem)) from problem
    loaded = Loaded(predictor)
    loaded.problems()  # the first lookup is slow; no caller shall wait for it
    return loaded
