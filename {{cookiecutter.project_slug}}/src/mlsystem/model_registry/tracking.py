"""MLflow on SQLite in the project's own folder: opened on demand, silent, and never asked to guess."""

import importlib.metadata
import logging
import subprocess
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from mlsystem import databases
from mlsystem.domain import PROBLEM

if TYPE_CHECKING:
    from mlflow import MlflowClient

ARTIFACTS = "artifacts"  # the folder beside the database
PACKAGES = {
    "lightgbm": ("mlflow", "lightgbm", "numpy"),
    "logistic_regression": ("mlflow", "scikit-learn", "skops", "numpy"),
}


def tracking_uri(models_dir: Path) -> str:
    return f"sqlite:///{models_dir / 'mlflow.db'}"


def database(models_dir: Path) -> databases.ToolDatabase:
    """What is known of the tracking store's file: its version, and how it is upgraded."""
    return databases.ToolDatabase("mlflow", models_dir / "mlflow.db", ("db", "upgrade", "sqlite:///{path}"))


def client(uri: str) -> "MlflowClient":
    """A client of the tracking store, which is made on first use (3 s of migrations). Importing MLflow takes 3 s."""
    import mlflow
    from sqlalchemy.exc import SADeprecationWarning

    # Opening MLflow's store configures the tables of every library in the process, Prefect's older ones too.
    warnings.filterwarnings("ignore", category=SADeprecationWarning)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # reports each of 60 migrations of a new database
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # announces them
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)  # misses pip, which uv does not install
    _make_database(Path(uri.removeprefix("sqlite:///")))
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient(uri)


def _make_database(path: Path) -> None:
    """A new database is migrated beside its place: MLflow cannot take up a migration that was killed half-way."""
    if path.exists():
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.aside")
    with FileLock(path.with_name(f"{path.name}.lock")):
        if not path.exists():
            aside.unlink(missing_ok=True)  # of a process that was killed here
            made: Any = SqlAlchemyStore
            made(f"sqlite:///{aside}", (path.parent / ARTIFACTS).resolve().as_uri()).engine.dispose()
            databases.note(database(path.parent), str(databases.revision(aside)))
            aside.replace(path)


def experiment_id(mlflow_client: "MlflowClient", name: str, artifacts_dir: Path) -> str:
    """The experiment of that name, whose artifacts lie where we say, and not where the process was started.

    One from before the project was moved or copied would go on writing into the old place: it gives up its name.
    """
    found, place = mlflow_client.get_experiment_by_name(name), artifacts_dir.resolve().as_uri()
    if found is not None and found.artifact_location == place:
        return found.experiment_id
    if found is not None:
        mlflow_client.rename_experiment(found.experiment_id, f"{name}, elsewhere ({found.experiment_id})")
    artifacts_dir.mkdir(parents=True, exist_ok=True)
    return mlflow_client.create_experiment(name, artifact_location=place)


def here(uri: str, stored: str) -> str:
    """Where an artifact of the tracking store `uri` lies now: MLflow keeps absolute paths, and projects are moved."""
    models_dir = Path(uri.removeprefix("sqlite:///")).parent
    _, found, below = unquote(urlsplit(stored).path).rpartition(f"/{models_dir.name}/{ARTIFACTS}/")
    return (models_dir.resolve() / ARTIFACTS / below).as_uri() if found else stored


def signature() -> Any:
    """Declared, not inferred: every column is a double, so that a missing value is always allowed."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = Schema([ColSpec("double", name) for name in PROBLEM.model_columns])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double", "probability")]))


def requirements(name: str) -> list[str]:
    """The installed versions. Said here, because MLflow takes 9 s per model to find them out."""
    return [f"{package}=={importlib.metadata.version(package)}" for package in PACKAGES[name]]


def git_commit(folder: Path) -> str | None:
    """The commit of the code, or None where there is no git, no repository or no commit yet."""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
