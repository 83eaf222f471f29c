"""Register the chosen candidate, name it champion, and load it again.

The alias moves last: a run that is killed on the way leaves a run or a version that nothing loads.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlsystem.model_registry import promotions, tracking
from mlsystem.model_registry.champion import Champion, NoChampion, UnusableModel
from mlsystem.model_registry.runs import log_candidates, log_challenger
from mlsystem.model_registry.versions import (
    CHALLENGER,
    CHAMPION,
    MADE_FROM,
    REGISTERED_MODEL,
    REHEARSAL,
    alias_version,
    aliases,
    dismiss_challenger,
    load_champion,
    load_version,
    model_bytes,
    register,
    rehearsal_of,
    version_made_from,
)
from mlsystem.training.compare import Comparison
from mlsystem.training.trained_model import Trained

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "MADE_FROM",
    "REGISTERED_MODEL",
    "Champion",
    "NoChampion",
    "UnusableModel",
    "alias_version",
    "aliases",
    "dismiss_challenger",
    "load_champion",
    "load_version",
    "log_candidates",
    "log_challenger",
    "model_bytes",
    "publish",
    "publish_challenger",
    "register",
    "rehearsal_of",
    "version_made_from",
]


def publish(
    comparison: Comparison, settings_models_dir: Path, about: Mapping[str, Any], why: str = "the best candidate"
) -> str:
    """Log all candidates, register the chosen one, and make it champion. Returns the version."""
    expected = aliases(settings_models_dir).get(CHAMPION)
    uri = tracking.tracking_uri(settings_models_dir)
    runs = log_candidates(uri, settings_models_dir / tracking.ARTIFACTS, comparison, about)
    version = register(uri, runs[comparison.chosen])
    evidence = dict(comparison.results[comparison.chosen].test.metrics)
    promotions.promote(settings_models_dir, version, expected, "train", f"{why}: {comparison.chosen}", evidence)
    return version


def publish_challenger(trained: Trained, models_dir: Path, about: Mapping[str, Any]) -> str:
    """Log a retrained model and make it the challenger, which the service scores in the shadow. Returns the version.

    Its rehearsal becomes a version too, which the challenger names: the gate judges that one, and nobody serves it.
    """
    uri, artifacts = tracking.tracking_uri(models_dir), models_dir / tracking.ARTIFACTS
    names = {}
    if trained.rehearsal is not None:
        run = log_challenger(uri, artifacts, trained.rehearsal, about, name=REHEARSAL)
        names = {REHEARSAL: register(uri, run, is_challenger=False)}
    return register(uri, log_challenger(uri, artifacts, trained, about), names)
