"""What one worker answers with, without HTTP around it: which champion it takes up, and which it refuses."""

import gc
import hashlib
from pathlib import Path

import mlflow.artifacts
import numpy as np

from mlsystem.metrics.serving import ServingMetrics
from mlsystem.model_registry import registry, runs, tracking
from mlsystem.serving.champion_watcher import ChampionWatcher, _stamp
from mlsystem.serving.drift_window import DriftWindow
from mlsystem.settings import Settings
from mlsystem.training.compare import compare
from planted import broken, planted_training_set
from registry_probe import own_registry


def test_a_champion_that_loads_and_answers_nonsense_is_refused_and_the_old_one_goes_on(make_settings):  # type: ignore[no-untyped-def]
    settings = own_registry(make_settings())
    uri = tracking.tracking_uri(settings.models_dir)
    comparison = broken(compare(planted_training_set(), seed=1, threads=1))
    nonsense = runs.log_candidates(uri, settings.models_dir / "artifacts", comparison, {})["climatology"]
    watcher = ChampionWatcher(settings, ServingMetrics(), DriftWindow(settings.data_dir))
    watcher._check()
    gc.unfreeze()  # a worker keeps what it loaded for life, a test does not

    version = registry.register(uri, nonsense)
    client = tracking.client(uri)
    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHAMPION, version)  # past promote's own check
    watcher._check()
    about = watcher.about()

    assert about["version"] != version
    assert f"champion {version} is refused" in about["refused"]
    assert "expected 3 probabilities" in about["refused"]

    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHAMPION, "2")
    watcher._check()

    assert watcher.about()["version"] == "2"
    assert watcher.about()["refused"] is None


def test_a_challenger_that_becomes_champion_and_a_champion_that_comes_back_are_not_loaded_again(make_settings):  # type: ignore[no-untyped-def]
    settings = own_registry(make_settings())
    client = tracking.client(tracking.tracking_uri(settings.models_dir))

    def name(alias: str, version: str) -> None:
        client.set_registered_model_alias(registry.REGISTERED_MODEL, alias, version)

    name(registry.CHALLENGER, "2")
    watcher = ChampionWatcher(settings, ServingMetrics(), DriftWindow(settings.data_dir))
    watcher._check()
    gc.unfreeze()
    shadow = watcher._shadow
    assert shadow is not None
    shadow.offer(["an answer"], np.full((1, len(shadow.challenger.columns)), np.nan))
    shadow.score()
    for version in ("1", "2", "4"):  # from now on none of them would load
        client.set_model_version_tag(registry.REGISTERED_MODEL, version, "bundle_sha256", "0" * 64)

    answering = []
    for version in ("2", "1", "2", "4"):
        name(registry.CHAMPION, version)
        watcher._check()
        answering.append(watcher.about()["version"])

    assert answering == ["2", "1", "2", "2"]
    assert "champion 4 is refused" in watcher.about()["refused"]
    assert shadow._log._open is None, "a shadow that is over keeps no file open"


def test_a_champion_that_was_refused_is_taken_up_when_it_is_mended(make_settings):  # type: ignore[no-untyped-def]
    settings = own_registry(make_settings())
    client = tracking.client(tracking.tracking_uri(settings.models_dir))
    watcher = ChampionWatcher(settings, ServingMetrics(), DriftWindow(settings.data_dir))
    watcher._check()
    gc.unfreeze()
    refused = watcher._metrics.swaps.labels("refused")._value
    refused_before = refused.get()
    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHAMPION, "3")
    watcher._check()
    watcher._again_at = 0.0
    watcher._check()
    assert refused.get() == refused_before + 1, "tried twice, told once"

    client.set_model_version_tag(registry.REGISTERED_MODEL, "3", "bundle_sha256", sha256_of(settings, "3"))
    watcher._seen = _stamp(settings.models_dir / "mlflow.db")  # a mended file changes nothing in the registry
    watcher._check()
    assert watcher.about()["version"] == "1", "not asked again at once"
    watcher._again_at = 0.0
    watcher._check()

    assert watcher.about()["version"] == "3"


def sha256_of(settings: Settings, version: str) -> str:
    """The fingerprint of the version's bundle as it lies there."""
    client = tracking.client(tracking.tracking_uri(settings.models_dir))
    run = client.get_run(client.get_model_version(registry.REGISTERED_MODEL, version).run_id)
    bundle = mlflow.artifacts.download_artifacts(f"{run.info.artifact_uri}/bundle.json")
    return hashlib.sha256(Path(bundle).read_bytes()).hexdigest()
