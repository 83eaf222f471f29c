"""What one worker answers with, without HTTP around it: which champion it takes up, and which it refuses."""

import gc

from test_serving_swap import own_registry

from mlsystem.metrics import ServingMetrics
from mlsystem.model_registry import registry, runs, tracking
from mlsystem.serving.present import Present
from mlsystem.training.compare import compare
from planted import broken, planted_training_set


def test_a_champion_that_loads_and_answers_nonsense_is_refused_and_the_old_one_goes_on(make_settings):  # type: ignore[no-untyped-def]
    settings = own_registry(make_settings())
    uri = tracking.tracking_uri(settings.models_dir)
    comparison = broken(compare(planted_training_set(), seed=1, threads=1))
    nonsense = runs.log_candidates(uri, settings.models_dir / "artifacts", comparison, {})["climatology"]
    present = Present(settings, ServingMetrics())
    present._look()
    gc.unfreeze()  # a worker keeps what it loaded for life, a test does not

    version = registry.register(uri, nonsense)
    client = tracking.client(uri)
    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHAMPION, version)  # past promote's own check
    present._look()
    about = present.about()

    assert about["version"] != version
    assert f"champion {version} is refused" in about["refused"]
    assert "expected 3 probabilities" in about["refused"]

    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHAMPION, "2")
    present._look()

    assert present.about()["version"] == "2"
    assert present.about()["refused"] is None
