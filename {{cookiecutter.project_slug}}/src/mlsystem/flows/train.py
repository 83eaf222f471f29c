"""From features to a champion: join point in time, fit every candidate under one protocol, register the best."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.progress import say
from mlsystem.settings import ROOT, Settings, load_project, load_settings

COMPARISON = "comparison.json"


@task(retries=1)
def make_training_set(first: date, last: date, fingerprint: str, settings: Settings) -> Path:
    """The point-in-time training set as a file; made again only if it or the store is gone, or their source changed."""
    path, registry = (
        settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet",
        settings.online_dir / "registry.db",
    )
    made_from = (pq.read_schema(path).metadata or {}).get(b"fingerprint") if path.exists() else None
    if made_from == fingerprint.encode() and registry.exists():
        return path
    say("  importing Feast, and reading questions and labels")
    from mlsystem.feature_store import training_sets
    from mlsystem.feature_store.store import open_store

    days = storage.day_range(first, last)
    validated = settings.validated_dir
    asked, labels = (
        storage.Partitions(validated / name).read(days) for name in (PROBLEM.asked_of, PROBLEM.label.table)
    )
    store = open_store(settings.features_dir, settings.online_dir)
    rows = training_sets.training_set(store, asked.to_pandas(), labels.to_pandas())
    storage.write_table(path, rows, fingerprint)
    return path


@task(cache_policy=NO_CACHE)  # the registry knows what was trained on the same: a cache beside it could disagree
def fit_candidates(path: Path, made_from: str, seed: int, settings: Settings) -> str:
    """Fit, evaluate, log and register; the version that became champion."""
    from mlsystem.model_registry import registry
    from mlsystem.model_registry.model_card import model_card
    from mlsystem.training.compare import compare
    from mlsystem.training.summary import summarise

    comparison = compare(pq.read_table(path), seed, settings.threads)
    say(f"  {comparison.chosen} is the cheapest on the tuning days: logging all in MLflow")
    about = {registry.MADE_FROM: made_from}
    version = registry.publish(comparison, settings.models_dir, about)
    storage.write_text(settings.models_dir / "model_card.md", model_card(comparison, about))
    storage.write_json(settings.models_dir / COMPARISON, summarise(comparison))
    return version


def trained_before(made_from: str, settings: Settings) -> str | None:
    """The version that was trained on exactly this, if it and what was found then can still be read."""
    from mlsystem.model_registry import registry

    version = registry.version_made_from(settings.models_dir, made_from)
    if version is None or not _has_comparison(settings):
        return None
    if not is_usable(version, settings):
        say(f"version {version} was trained on the same, but its files are lost or damaged: training again")
        return None
    say(f"version {version} was trained on the same data, by the same code: nothing to fit")
    return version


def _has_comparison(settings: Settings) -> bool:
    try:
        return bool(read_comparison(settings))
    except (OSError, ValueError):
        return False


def is_usable(version: str, settings: Settings) -> bool:
    """Whether the version's files are there and are those that were logged."""
    from mlsystem.model_registry import registry, tracking

    try:
        registry.load_version(tracking.tracking_uri(settings.models_dir), version)
    except registry.NoChampion:
        return False
    return True


def read_comparison(settings: Settings) -> dict[str, Any]:
    """What the last training found, as plain data: figures of every candidate, curves, slices."""
    return json.loads((settings.models_dir / COMPARISON).read_text(encoding="utf-8"))


@flow(name="train")
def train(first: date, last: date) -> str:
    """Make the training set, compare the candidates on it, and make the best champion; the version that it is.

    What was trained on the same before is not fitted again, and is made champion by nobody a second time.
    """
    settings = load_settings()
    fingerprint = training_fingerprint(first, last, settings)
    say("joining features to labels, point in time")
    path = make_training_set(first, last, fingerprint, settings)
    rows, seed = pq.read_metadata(path).num_rows, load_project().seed
    made_from = storage.digest(fingerprint, str(seed), str(settings.threads))
    version = trained_before(made_from, settings)
    if version is None:
        say(f"training on {rows:,} labelled {PROBLEM.words.questions}")
        version = fit_candidates(path, made_from, seed, settings)
    create_table_artifact(key="training", table=[{"rows": rows, "version": version}])
    create_markdown_artifact(key="model-card", markdown=(settings.models_dir / "model_card.md").read_text("utf-8"))
    return version


def training_fingerprint(first: date, last: date, settings: Settings) -> str:
    """Changes when a label, a feature or the code between them and the model changes."""
    days = storage.day_range(first, last)
    tables = [storage.Partitions(settings.validated_dir / name) for name in (PROBLEM.asked_of, PROBLEM.label.table)]
    views = [storage.Partitions(settings.features_dir / view.name) for view in PROBLEM.views]
    labels = [table.content(day) for table in tables for day in days]
    features = [view.content(day) for view in views for day in view.days()]
    rooms = [ROOT / "src/mlsystem" / room for room in ("contract", "domain", "feature_store", "training")]
    code = [path.read_bytes() for room in rooms for path in sorted(room.rglob("*.py"))]
    return storage.digest(*labels, *features, *code)
