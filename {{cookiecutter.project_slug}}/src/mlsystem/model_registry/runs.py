"""Runs: everything about every candidate, kept in MLflow; none of it is loaded by anything until it is registered."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlsystem.domain.features import FEATURE_SERVICE
from mlsystem.model_registry import tracking
from mlsystem.model_registry.bundle import bundle_text
from mlsystem.model_registry.model_card import model_card
from mlsystem.model_registry.model_files import FILES, TRUSTED_TYPES
from mlsystem.settings import ROOT, load_project
from mlsystem.training.compare import Comparison, Result


def log_candidates(
    tracking_uri: str, artifacts_dir: Path, comparison: Comparison, about: Mapping[str, Any]
) -> dict[str, str]:
    """One finished run per candidate, with parameters, metrics, plots, card, bundle and model. Returns run ids.

    `about` is what the caller knows and the comparison does not, as plain JSON; it becomes tags.
    """
    from mlsystem.training.plots import write_plots

    client = tracking.client(tracking_uri)
    experiment = tracking.experiment_id(client, load_project().slug, artifacts_dir)
    about = {"git_commit": tracking.git_commit(ROOT), "feature_service": FEATURE_SERVICE, **about}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_plots(comparison, folder / "plots")
        (folder / "model_card.md").write_text(model_card(comparison, about), encoding="utf-8")
        return {
            result.name: _log(experiment, comparison, result, folder, about) for result in comparison.results.values()
        }


def _log(experiment: str, comparison: Comparison, result: Result, folder: Path, about: Mapping[str, Any]) -> str:
    import mlflow

    with mlflow.start_run(run_name=result.name, experiment_id=experiment) as run:
        mlflow.log_params({**result.model.parameters, "seed": comparison.about["seed"]})
        mlflow.log_params({f"calibration_{k}": v for k, v in vars(result.calibration).items()})
        source = _log_model(result)
        path = Path(mlflow.artifacts.download_artifacts(source)) / FILES[result.name]
        mlflow.log_metrics(_metrics(result) | {"model_bytes": path.stat().st_size})
        text = bundle_text(comparison, result, path.name, path.read_bytes())
        mlflow.log_text(text, "bundle.json")
        mlflow.log_artifacts(str(folder))
        mlflow.set_tags({key: value for key, value in about.items() if value is not None})
        mlflow.set_tags(
            {
                "training_fingerprint": comparison.about["training_fingerprint"],
                "is_chosen": result.name == comparison.chosen,
                "model_source": source,
                "bundle_sha256": hashlib.sha256(text.encode()).hexdigest(),
            }
        )
    return str(run.info.run_id)


def _metrics(result: Result) -> dict[str, float]:
    parts = {"tune": result.tune.metrics, "test": result.test.metrics}
    measured = {f"{part}_{name}": value for part, metrics in parts.items() for name, value in metrics.items()}
    return {**measured, "fit_seconds": result.fit_seconds, "latency_ms": result.latency_ms}


def _log_model(result: Result) -> str:
    """Log the model by MLflow's own flavour where there is one. Returns where it lies."""
    import mlflow
    import mlflow.lightgbm
    import mlflow.sklearn

    known: Any = result.model
    if result.name == "climatology":
        mlflow.log_dict(known.as_json(), f"model/{FILES[result.name]}")
        return str(mlflow.get_artifact_uri("model"))
    declared = {
        "name": "model",
        "signature": tracking.signature(),
        "pip_requirements": tracking.requirements(result.name),
    }
    if result.name == "lightgbm":
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
