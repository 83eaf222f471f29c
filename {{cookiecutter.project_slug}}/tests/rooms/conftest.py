"""The running service for the tests of rooms: one for the whole session, on folders of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlsystem.serving.run import Running, running_service
from mlsystem.settings import Settings

if TYPE_CHECKING:  # it imports Feast, which takes 7 s
    from stream_probe import Delivery, Stream


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


@pytest.fixture(scope="module")
def first_stream(featured, tmp_path_factory: pytest.TempPathFactory) -> "Stream":  # type: ignore[no-untyped-def]
    """A stream at its start; read it, copy it."""
    import stream_probe

    stream = stream_probe.first_stream(featured.settings, tmp_path_factory.mktemp("stream") / "data")
    stream.log.close()
    return stream


@pytest.fixture
def make_stream(first_stream: "Stream", tmp_path: Path) -> Callable[..., "Stream"]:
    """Makes streams of a test's own that begin at START."""
    from stream_probe import copy_of

    made: list[Stream] = []

    def make(**own: int) -> "Stream":
        made.append(copy_of(first_stream, tmp_path / f"stream{len(made)}", **own))
        return made[-1]

    return make


@pytest.fixture(scope="module")
def deliveries(first_stream: "Stream") -> "list[Delivery]":
    """An hour's facts, each in time."""
    from stream_probe import in_time

    return in_time(first_stream.settings.validated_dir)


@pytest.fixture(scope="module")
def expected_rows(
    first_stream: "Stream", deliveries: "list[Delivery]", tmp_path_factory: pytest.TempPathFactory
) -> dict:
    """What an undisturbed run leaves in the store."""
    from stream_probe import copy_of

    return copy_of(first_stream, tmp_path_factory.mktemp("undisturbed") / "data").play(deliveries)
