"""Runs: everything about every candidate, kept in MLflow; none of it is loaded by anything until it is registered."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlsystem.domain import PROBLEM
from mlsystem.model_registry import tracking
from mlsystem.model_registry.bundle import bundle_text
from mlsystem.model_registry.model_card import model_card
from mlsystem.model_registry.model_files import FILES, TRUSTED_TYPES
from mlsystem.settings import ROOT, load_project
from mlsystem.training.compare import Comparison
from mlsystem.training.trained_model import Fitted, Trained


def log_candidates(
    tracking_uri: str, artifacts_dir: Path, comparison: Comparison, about: Mapping[str, Any]
) -> dict[str, str]:
    """One finished run per candidate, with parameters, metrics, plots, card, bundle and model. Returns run ids.

    `about` is what the caller knows and the comparison does not, as plain JSON; it becomes tags.
    """
    from mlsystem.training.plots import write_plots

    experiment, about = _open(tracking_uri, artifacts_dir, about)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_plots(comparison, folder / "plots")
        (folder / "model_card.md").write_text(model_card(comparison, about), encoding="utf-8")
        return {
            name: _log(experiment, comparison.trained(name), {**about, "is_chosen": name == comparison.chosen}, folder)
            for name in comparison.results
        }


def log_challenger(
    tracking_uri: str, artifacts_dir: Path, trained: Trained, about: Mapping[str, Any], name: str = ""
) -> str:
    """One finished run with parameters, metrics, bundle and model, called like its candidate or `name`. Its id."""
    experiment, about = _open(tracking_uri, artifacts_dir, about)
    return _log(experiment, trained, about, name=name)


def _open(tracking_uri: str, artifacts_dir: Path, about: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The experiment, and what every run's tags say."""
    experiment = tracking.experiment_id(tracking.client(tracking_uri), load_project().slug, artifacts_dir)
    return experiment, {"git_commit": tracking.git_commit(ROOT), "feature_service": PROBLEM.feature_service, **about}


def _log(
    experiment: str, trained: Trained, about: Mapping[str, Any], folder: Path | None = None, name: str = ""
) -> str:
    import mlflow

    fitted = trained.fitted
    with mlflow.start_run(run_name=name or fitted.name, experiment_id=experiment) as run:
        mlflow.log_params({**fitted.model.parameters, "seed": trained.about["seed"]})
        mlflow.log_params({f"calibration_{k}": v for k, v in vars(fitted.calibration).items()})
        source = _log_model(fitted)
        path = Path(mlflow.artifacts.download_artifacts(source)) / FILES[fitted.name]
        mlflow.log_metrics(_metrics(trained) | {"model_bytes": path.stat().st_size})
        text = bundle_text(trained, path.name, path.read_bytes())
        mlflow.log_text(text, "bundle.json")
        if folder is not None:
            mlflow.log_artifacts(str(folder))
        mlflow.set_tags({key: value for key, value in about.items() if value is not None})
        mlflow.set_tags(
            {
                "training_fingerprint": trained.about["training_fingerprint"],
                "model_source": source,
                "bundle_sha256": hashlib.sha256(text.encode()).hexdigest(),
            }
        )
    return str(run.info.run_id)


def _metrics(trained: Trained) -> dict[str, float]:
    measured = {f"{part}_{name}": value for part, found in trained.metrics.items() for name, value in found.items()}
    return {**measured, "fit_seconds": trained.fitted.seconds, "latency_ms": trained.latency_ms}


def _log_model(fitted: Fitted) -> str:
    """Log the model by MLflow's own flavour where there is one. Returns where it lies."""
    import mlflow
    import mlflow.lightgbm
    import mlflow.sklearn

    known: Any = fitted.model
    if fitted.name == "climatology":
        mlflow.log_dict(known.as_json(), f"model/{FILES[fitted.name]}")
        return str(mlflow.get_artifact_uri("model"))
    declared = {
        "name": "model",
        "signature": tracking.signature(),
        "pip_requirements": tracking.requirements(fitted.name),
    }
    if fitted.name == "lightgbm":
        return str(mlflow.lightgbm.log_model(known.booster, **declared).model_uri)
    return str(
        mlflow.sklearn.log_model(
            known.pipeline,
            **declared,
            pyfunc_predict_fn="predict_proba",
            serialization_format="skops",
            skops_trusted_types=TRUSTED_TYPES,
        ).model_uri
    )
