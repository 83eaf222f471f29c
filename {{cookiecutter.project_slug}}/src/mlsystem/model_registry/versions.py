"""Versions of the model: registering a run, the aliases that name versions, and loading one again."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

from mlsystem.domain import PROBLEM
from mlsystem.model_registry import tracking
from mlsystem.model_registry.bundle import champion_from
from mlsystem.model_registry.champion import Champion, NoChampion, UnusableModel

REGISTERED_MODEL = PROBLEM.name
CHAMPION, CHALLENGER = "champion", "challenger"
REHEARSAL = "rehearsal"  # a version's tag: the version that was trained by its recipe without the last weeks
MADE_FROM = "made_from"  # a tag: the fingerprint of the data, the code and the settings that a training had
VERSION_TAGS = ("bundle_sha256", "training_fingerprint", "feature_service", MADE_FROM)


def register(
    tracking_uri: str, run_id: str, names: Mapping[str, str] = MappingProxyType({}), is_challenger: bool = True
) -> str:
    """Make a finished run's model a version, and the challenger. Returns the version. `names` become its tags."""
    from mlflow.exceptions import MlflowException

    client = tracking.client(tracking_uri)
    tags = client.get_run(run_id).data.tags
    try:
        client.get_registered_model(REGISTERED_MODEL)
    except MlflowException:
        client.create_registered_model(REGISTERED_MODEL)
    source = tags["model_source"]
    version = client.create_model_version(
        REGISTERED_MODEL,
        source,
        run_id,
        tags={name: tags[name] for name in VERSION_TAGS if name in tags} | dict(names),
        model_id=source.removeprefix("models:/") if source.startswith("models:/") else None,
    ).version
    if is_challenger:
        client.set_registered_model_alias(REGISTERED_MODEL, CHALLENGER, version)
    return str(version)


def rehearsal_of(tracking_uri: str, version: str) -> str | None:
    """The version that the gate judges in its place; None if it was trained without one."""
    found = tracking.client(tracking_uri).get_model_version(REGISTERED_MODEL, version)
    return found.tags.get(REHEARSAL)


def dismiss_challenger(models_dir: Path) -> None:
    """No version is the challenger any more: the service stops scoring it. It stays in the registry."""
    tracking.client(tracking.tracking_uri(models_dir)).delete_registered_model_alias(REGISTERED_MODEL, CHALLENGER)


def model_bytes(tracking_uri: str, version: str) -> int:
    """How large the model's file is."""
    client = tracking.client(tracking_uri)
    run = client.get_run(str(client.get_model_version(REGISTERED_MODEL, version).run_id))
    return int(run.data.metrics["model_bytes"])


def load_champion(models_dir: Path) -> Champion:
    """The champion, ready to predict. Raises NoChampion, which UnusableModel is too."""
    if not (models_dir / "mlflow.db").exists():
        raise NoChampion(f"no model was ever trained in {models_dir}; run `make train`")
    uri = tracking.tracking_uri(models_dir)
    return load_version(uri, alias_version(uri, CHAMPION))


def aliases(models_dir: Path) -> dict[str, str]:
    """Each alias with the version that it names; none if nothing was ever registered."""
    from mlflow.exceptions import MlflowException

    if not (models_dir / "mlflow.db").exists():
        return {}
    try:
        model = tracking.client(tracking.tracking_uri(models_dir)).get_registered_model(REGISTERED_MODEL)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # a store that cannot be read is not an empty one
            raise
        return {}
    return {alias: str(version) for alias, version in model.aliases.items()}


def aliases_at_rest(models_dir: Path) -> dict[str, str]:
    """The same from MLflow's file, for a look that must not take 3 s, and must not make, migrate or lock it.

    Raises sqlite3.Error if the file cannot be read.
    """
    path = models_dir / "mlflow.db"
    if not path.exists():
        return {}
    query = "SELECT alias, version FROM registered_model_aliases WHERE name = ?"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return {alias: str(version) for alias, version in connection.execute(query, (REGISTERED_MODEL,))}


def version_made_from(models_dir: Path, made_from: str) -> str | None:
    """The newest version that was trained on exactly this."""
    if not (models_dir / "mlflow.db").exists():
        return None
    client = tracking.client(tracking.tracking_uri(models_dir))
    found = client.search_model_versions(f"name = '{REGISTERED_MODEL}' and tag.{MADE_FROM} = '{made_from}'")
    return max((str(one.version) for one in found), key=int, default=None)


def alias_version(tracking_uri: str, alias: str) -> str:
    """The version that carries the alias. Raises NoChampion."""
    from mlflow.exceptions import MlflowException

    try:
        return str(tracking.client(tracking_uri).get_model_version_by_alias(REGISTERED_MODEL, alias).version)
    except MlflowException as error:
        raise NoChampion(f"no model version is {alias}; run `make train`") from error


def load_version(tracking_uri: str, version: str, between: Callable[[], object] = lambda: None) -> Champion:
    """One version, its files checked against the registry. Raises NoChampion, which UnusableModel is too.

    `between` is called between the steps, each of some milliseconds, for a caller that has something else to do.
    """
    import mlflow.artifacts
    from mlflow.exceptions import MlflowException

    client = tracking.client(tracking_uri)
    try:
        found = client.get_model_version(REGISTERED_MODEL, version)
    except MlflowException as error:
        raise NoChampion(f"there is no model version {version}; run `make train`") from error
    try:
        between()
        stored = client.get_model_version_download_uri(REGISTERED_MODEL, version)
        folder = mlflow.artifacts.download_artifacts(tracking.here(tracking_uri, stored))
        between()
        run = client.get_run(str(found.run_id))  # read in place: asked for by its run, MLflow leaves a copy in /tmp
        bundle = mlflow.artifacts.download_artifacts(
            f"{tracking.here(tracking_uri, run.info.artifact_uri)}/bundle.json"
        )
    except (MlflowException, OSError) as error:
        raise UnusableModel(f"the files of model version {version} are gone ({error}); run `make train`") from error
    if (sha256 := found.tags.get("bundle_sha256")) is None:
        raise UnusableModel(f"model version {version} was registered by hand, without a fingerprint; run `make train`")
    between()
    return champion_from(Path(bundle).read_bytes(), sha256, Path(folder), str(version))
