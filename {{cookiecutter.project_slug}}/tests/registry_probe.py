"""A registry of a test's own, with versions that differ, to move the champion's alias in."""

import shutil

from mlsystem.model_registry import registry, tracking
from mlsystem.settings import Settings


def own_registry(settings: Settings) -> Settings:
    """A registry of one's own: version 1 as built, 2 the climatology, 3 a version whose bundle was changed, 4 as 1.

    Not the logistic regression: it takes 2 ms more per question, so half of one capacity is all of the other's.
    """
    built = settings.models_dir.resolve()
    settings.models_dir.unlink()
    settings.models_dir.mkdir()
    shutil.copy(built / "mlflow.db", settings.models_dir)
    shutil.copytree(built / tracking.ARTIFACTS, settings.models_dir / tracking.ARTIFACTS)
    uri = tracking.tracking_uri(settings.models_dir)
    client = tracking.client(uri)
    (experiment,) = (one for one in client.search_experiments() if one.name != "Default")
    newest_last = client.search_runs([experiment.experiment_id])[::-1]
    runs = {run.info.run_name: run.info.run_id for run in newest_last}
    client.delete_registered_model(registry.REGISTERED_MODEL)  # a system that was trained again has more versions
    names = ("lightgbm", "climatology", "logistic_regression", "lightgbm")
    assert [registry.register(uri, runs[name]) for name in names] == ["1", "2", "3", "4"]
    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHAMPION, "1")
    client.set_model_version_tag(registry.REGISTERED_MODEL, "3", "bundle_sha256", "0" * 64)
    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHALLENGER, "1")
    return settings
