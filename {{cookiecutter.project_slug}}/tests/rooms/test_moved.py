"""A project works wherever it is moved or copied, under any name that a file system allows, and into itself alone."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.training_sets import historical_features, with_as_of
from mlsystem.features import build
from mlsystem.model_registry import registry, tracking
from mlsystem.training.compare import Comparison, compare
from planted import planted_training_set
from questions import DAY, SHORTEST_LIVED, asked_on

NAMES = ["a blank", "ümlaut", "[brackets]", "100% {sure} #1"]
DAYS = [DAY - timedelta(days=1), DAY]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(planted_training_set(days=20), seed=3, threads=1)


@pytest.fixture(scope="module")
def published(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models_dir = tmp_path_factory.mktemp("published") / "5_models"
    registry.publish(comparison, models_dir, {})
    return models_dir


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_loads_its_own_champion_and_trains_into_itself(
    comparison: Comparison, published: Path, tmp_path: Path, name: str
):
    expected, before = registry.load_champion(published).metrics, files(published)
    copy = tmp_path / name / "5_models"
    shutil.copytree(published, copy)
    (copy / tracking.ARTIFACTS).rename(copy / "aside")
    with pytest.raises(registry.UnusableModel):  # it does not look into the original's
        registry.load_champion(copy)
    (copy / "aside").rename(copy / tracking.ARTIFACTS)

    loaded = registry.load_champion(copy)
    version = registry.publish(comparison, copy, {}, "trained again")

    assert loaded.metrics == expected
    assert registry.load_champion(copy).version == version == "2"
    assert files(published) == before
    assert len(files(copy)) > len(before)


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_a_moved_store_reads_the_features_that_moved_with_it(featured, tmp_path: Path, name: str):
    original, moved = tmp_path / "original", tmp_path / name
    for view in PROBLEM.views:
        (original / "features" / view.name).mkdir(parents=True)
        for day in build.feature_days(*DAYS):
            storage.Partitions(original / "features" / view.name).write(day, _rows(featured, view.name, day), "")
    open_store(original / "features", original / "online")
    original.rename(moved)

    store = open_store(moved / "features", moved / "online", register=False)

    asked = storage.Partitions(featured.settings.validated_dir / PROBLEM.asked_of).read([DAY]).to_pandas().tail(50)
    joined = historical_features(store, with_as_of(asked))
    features = [feature.name for feature in SHORTEST_LIVED.features]
    assert joined[features].notna().any(axis="columns").mean() > 0.9
    OnlineFeatures(store).materialise(asked_on(featured.settings, DAY)[-1].as_of)


def _rows(featured, view: str, day: date):  # type: ignore[no-untyped-def]
    return storage.Partitions(featured.settings.features_dir / view).read([day])
