"""What the tests share: a clean template, a home that knows nobody, a way to bake, and the order of the tests."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import baking
import pytest

Bake = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, each for a worker of its own: they are most of the work, and none waits for another.

    xdist gives each worker two tests to begin with, and one whenever it ends one.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    begin_with = [item for pair in zip(slow, quick, strict=False) for item in pair]
    items[:] = [*begin_with, *slow[len(quick) :], *quick[len(slow) :]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a fresh clone holds it. Read only: a test that changes it takes its own export."""
    return baking.export(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of someone who never told git a name, and whose own settings cannot help or hurt a test."""
    home = tmp_path_factory.mktemp("home")
    return {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "EMAIL": "",
    }


@pytest.fixture
def ask(template: Path, tmp_path: Path, stranger: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run cookiecutter with the given answers into `tmp_path / "out"`, and hand back how it went."""
    into = tmp_path / "out"
    into.mkdir()
    return lambda **answers: baking.cookiecutter(template, into, env=stranger, **answers)


@pytest.fixture
def bake(ask: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> Bake:
    """Bake with the given answers, which must be good, and hand back the project's folder."""

    def baked(**answers: str) -> Path:
        result = ask(**answers)
        assert result.returncode == 0, result.stdout
        (project,) = (tmp_path / "out").iterdir()
        return project

    return baked


@pytest.fixture(scope="session")
def project(template: Path, stranger: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One bake with the default answers. Read only."""
    into = tmp_path_factory.mktemp("default")
    result = baking.cookiecutter(template, into, env=stranger)
    assert result.returncode == 0, result.stdout
    return into / "flight-delay-radar"
