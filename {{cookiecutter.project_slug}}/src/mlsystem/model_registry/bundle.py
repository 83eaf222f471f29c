"""bundle.json: what lies next to a model file, so that the file can be trusted, used and watched."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlsystem.domain import PROBLEM
from mlsystem.drift import Reference
from mlsystem.model_registry.champion import Champion, UnusableModel
from mlsystem.model_registry.model_files import read_model
from mlsystem.training import climatology, drift_limits
from mlsystem.training.calibration import Calibration
from mlsystem.training.trained_model import Trained

__all__ = ["UnusableModel", "bundle_text", "champion_from"]


def bundle_text(trained: Trained, file: str, content: bytes) -> str:
    """The bundle of one model; the same training and model file give the same text."""
    fitted, limits = trained.fitted, trained.drift_limits
    bundle = {
        "name": fitted.name,
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "columns": list(PROBLEM.model_columns),
        "categories": {name: list(codes) for name, codes in PROBLEM.codes.items()},
        "feature_service": PROBLEM.feature_service,
        "calibration": {"slope": fitted.calibration.slope, "intercept": fitted.calibration.intercept},
        "act_above": PROBLEM.costs.act_above,
        "metrics": {part: dict(metrics) for part, metrics in trained.metrics.items()},
        "training": dict(trained.about),
        "references": {name: {"edges": r.edges, "counts": r.counts} for name, r in trained.references.items()},
        "drift_limits": limits.as_json() if limits else None,
        "climatology": trained.climatology.as_json(),
    }
    return json.dumps(bundle, indent=1)


def champion_from(text: bytes, sha256: str, folder: Path, version: str) -> Champion:
    """The model that a bundle describes. Nothing is parsed before its fingerprint is checked: LightGBM
    does not refuse a damaged file, it ends the process.

    `sha256` is the bundle's own, as the registry recorded it; the bundle holds the model file's. Raises UnusableModel.
    """
    _check(text, sha256, f"bundle.json of model version {version}")
    bundle = json.loads(text)
    _check_columns(bundle, version)
    path = folder / bundle["file"]
    if not path.exists():
        raise UnusableModel(f"model version {version} has no file {path}; was the project moved? Run `make train`")
    content = path.read_bytes()
    _check(content, bundle["sha256"], f"{bundle['file']} of model version {version}")
    return Champion(
        name=bundle["name"],
        version=version,
        columns=tuple(bundle["columns"]),
        act_above=bundle["act_above"],
        feature_service=bundle["feature_service"],
        references={name: _reference(name, stored) for name, stored in bundle["references"].items()},
        metrics=bundle["metrics"],
        training=bundle["training"],
        model=read_model(bundle["name"], content),
        calibration=Calibration(**bundle["calibration"]),
        climatology=climatology.from_json(bundle["climatology"]),
        drift_limits=drift_limits.from_json(bundle["drift_limits"]) if bundle["drift_limits"] else None,
    )


def _reference(name: str, stored: Mapping[str, Any]) -> Reference:
    return Reference(name, tuple(stored["edges"]), tuple(stored["counts"]))


def _check(content: bytes, sha256: str, what: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise UnusableModel(
            f"{what} is not the file that was logged ({len(content):,} bytes, SHA-256 {found[:12]}, expected "
            f"{sha256[:12]}); restore it, roll back to another version, or run `make train`"
        )


def _check_columns(bundle: Mapping[str, Any], version: str) -> None:
    """A code that moved means another category to the model: columns and categories must be today's."""
    if bundle["columns"] != list(PROBLEM.model_columns):
        differing = ", ".join(sorted(set(bundle["columns"]) ^ set(PROBLEM.model_columns))) or "their order"
        raise UnusableModel(f"model version {version} was trained on other columns ({differing}); run `make train`")
    if bundle["categories"] != {name: list(codes) for name, codes in PROBLEM.codes.items()}:
        raise UnusableModel(f"model version {version} was trained on other categories; run `make train`")
