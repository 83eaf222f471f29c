"""What a worker loads at its start, and whether that still works."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.errors import UserError
from mlsystem.metrics import Scrape, ServingMetrics
from mlsystem.serving.asked import AskedFlight
from mlsystem.serving.drift_window import DriftWindow
from mlsystem.settings import Settings

if TYPE_CHECKING:
    from mlsystem.serving.predictor import Predictor


PROBE = AskedFlight("UA", "EWR", "LAX", datetime(2013, 6, 3, 18, tzinfo=UTC), datetime(2013, 6, 4, tzinfo=UTC))


class CannotServe(UserError):
    """Something without which no flight can be answered is not there."""


@dataclass(frozen=True)
class Loaded:
    """A champion with its features, its log and its metrics."""

    predictor: "Predictor"
    scrape: Scrape

    def problems(self) -> list[str]:
        """What keeps this worker from answering as it should, now; nothing if it is ready."""
        found = []
        try:
            self.predictor.features.lookup([PROBE], [PROBE.as_of])
        except Exception as problem:  # as in the predictor: whatever the store is and however it fails
            found.append(f"the feature store cannot be read: {type(problem).__name__}: {problem}")
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
            "warn_above": champion.warn_above,
            "metrics": champion.metrics,
            "training": champion.training,
        }


def load(settings: Settings, metrics: ServingMetrics) -> Loaded:
    """The champion, the store and the log; 7 seconds, most of it importing Feast. Raises CannotServe."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import NotRegistered, open_store
    from mlsystem.model_registry.registry import NoChampion, load_champion
    from mlsystem.serving.log_writer import PredictionLog
    from mlsystem.serving.predictor import Predictor

    try:
        champion = load_champion(settings.models_dir)
        store = open_store(settings.features_dir, settings.online_dir, register=False)
        predictor = Predictor(champion, OnlineFeatures(store), PredictionLog(settings.predictions_dir), metrics)
    except (NoChampion, NotRegistered) as problem:
        raise CannotServe(str(problem)) from problem
    loaded = Loaded(predictor, Scrape(DriftWindow(champion.references)))
    loaded.problems()  # the first lookup is slow; no caller shall wait for it
    return loaded
