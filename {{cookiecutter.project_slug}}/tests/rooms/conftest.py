"""The running service for the tests of rooms: one for the whole session, on folders of its own."""

from collections.abc import Callable, Iterator

import pytest

from mlsystem.serving.run import Running, running_service
from mlsystem.settings import Settings
from serving_probe import NOW, own_copy


@pytest.fixture(scope="session")
def make_settings(system, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Settings]:  # type: ignore[no-untyped-def]
    """A maker of settings whose store is loaded as of NOW."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store

    def make() -> Settings:
        settings = own_copy(system.settings, tmp_path_factory.mktemp("serving") / "data")
        OnlineFeatures(open_store(settings.features_dir, settings.online_dir)).materialise(NOW)
        return settings

    return make


@pytest.fixture(scope="session")
def serving_settings(make_settings: Callable[[], Settings]) -> Settings:
    return make_settings()


@pytest.fixture(scope="session")
def service(serving_settings: Settings) -> Iterator[Running]:
    """Two workers. Tests may kill one; they must leave the service ready."""
    with running_service(serving_settings) as running:
        yield running


@pytest.fixture(scope="module")
def hurt_settings(make_settings: Callable[[], Settings]) -> Settings:
    return make_settings()


@pytest.fixture(scope="module")
def own(hurt_settings: Settings) -> Iterator[Running]:
    """A service that one file's tests may hurt."""
    with running_service(hurt_settings) as running:
        yield running
