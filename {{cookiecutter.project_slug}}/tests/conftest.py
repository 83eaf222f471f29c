"""The furniture of the tests: one real system on the whole real year, built once and kept between runs."""

import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from xdist.scheduler import LoadFileScheduling

from heard import heard
from mlsystem import storage
from mlsystem.settings import ROOT, Settings, configure_tools
from questions import NOW
from serving_probe import free_port, own_copy

SETTINGS = Settings(data_dir=ROOT / "data/tests", reports_dir=ROOT / "data/tests/reports")
configure_tools(SETTINGS)
for number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
    if signal.getsignal(number) is signal.SIG_IGN:  # by nohup, or a shell's &: what we start and stop would inherit it
        signal.signal(number, lambda *_: None)  # still ignored here; a child begins with the default
STAGES = ("validated", "featured", "system")  # the fixtures below, each made from the one before
LONG = ("test_tasks.py", "test_serving_answers.py", "test_serving_refusals.py", "test_serving_faults.py")
APART = "-apart"  # a parameter that takes minutes by itself
SHARE_THE_SERVICE = ("test_serving_answers.py", "test_serving_refusals.py")


@dataclass(frozen=True)
class System:
    """A built system: read it, copy from it, never write into it."""

    settings: Settings

    @property
    def days(self) -> list[date]:
        return storage.day_range(self.settings.first_day, self.settings.last_day)


class ByFile(LoadFileScheduling):
    """A file's tests stay in one process, and files that share the service; an id that ends in APART stays with nobody.

    xdist has a mark for that, `xdist_group`, which does nothing with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if nodeid.endswith(f"{APART}]"):
            return nodeid
        return "the running service" if Path(file).name in SHARE_THE_SERVICE else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file whose process builds the system first, then those that need none or a part of it, then the long.

    The files keep their order otherwise, and so do a file's tests, but for those marked `last`.
    """
    needs, place = {item.path: 0 for item in items}, {}
    for item in items:
        own = [STAGES.index(name) + 1 for name in STAGES if name in getattr(item, "fixturenames", ())]
        needs[item.path] = max(needs[item.path], *own, 0)
        place.setdefault(item.path, len(place))
    first = {"test_demo.py": (-1,)} | dict.fromkeys(LONG, (len(STAGES), 0))

    def order(item: pytest.Item) -> tuple:
        group = first.get(item.path.name, (needs[item.path], 1))
        return group, place[item.path], item.get_closest_marker("last") is not None

    items.sort(key=order)


def building(stage: str) -> FileLock:
    """Held while a stage of the shared system is built: several test processes use it, one builds it."""
    SETTINGS.data_dir.mkdir(parents=True, exist_ok=True)
    return FileLock(SETTINGS.data_dir / f"{stage}.lock")


@pytest.fixture(scope="session")
def validated() -> System:
    """The year delivered and validated: about 20 seconds the first time, nothing after that."""
    from mlsystem.source.deliver import deliver
    from mlsystem.validation.validate import validate

    system = System(SETTINGS)
    with building("validated"):
        deliver(system.days, SETTINGS.source_dir)
        validate(system.days, SETTINGS.source_dir, SETTINGS.validated_dir)
    return system


@pytest.fixture(scope="session")
def featured(validated: System) -> System:
    """And every view's rows computed: about 10 seconds more."""
    from mlsystem.features import build

    days = build.feature_days(SETTINGS.first_day, SETTINGS.last_day)
    with building("featured"):
        build.build(days, SETTINGS.validated_dir, SETTINGS.features_dir)
    return validated


@pytest.fixture(scope="session")
def system(featured: System) -> System:
    """And all the rest, by the user's own command, `demo`: a champion trained, a day served. About 90 seconds more."""
    from mlsystem.flows.consume import log_path
    from mlsystem.flows.train import training_fingerprint

    fingerprint = training_fingerprint(featured.days[0], featured.days[-1], SETTINGS)
    marker = SETTINGS.data_dir / "demo.fingerprint"
    with building("system"):
        if not marker.exists() or marker.read_text() != fingerprint:
            for folder in (
                SETTINGS.models_dir,
                SETTINGS.predictions_dir,
                SETTINGS.online_dir,
                log_path(SETTINGS).parent,
            ):
                shutil.rmtree(folder, ignore_errors=True)  # of other code: its answers would be taken for this one's
            _run_demo(SETTINGS.model_copy(update={"serving_port": free_port()}))
            storage.write_text(marker, fingerprint)
    return featured


@pytest.fixture(scope="session")
def make_settings(system: System, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Settings]:
    """A maker of settings whose store is loaded as of NOW."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store

    def make() -> Settings:
        settings = own_copy(system.settings, tmp_path_factory.mktemp("serving") / "data")
        OnlineFeatures(open_store(settings.features_dir, settings.online_dir)).materialise(NOW)
        return settings

    return make


def _run_demo(settings: Settings) -> None:
    """What it said is kept in data/tests/demo.out, demo.err and, with its times, demo.heard.json; tests read them."""
    said = heard(settings, "demo")
    for name, text in (("demo.out", said.stdout), ("demo.err", said.stderr)):
        storage.write_text(settings.data_dir / name, text)
    said.write(settings.data_dir / "demo.heard.json")
    if said.returncode != 0:
        told = f"{said.stdout}{said.stderr}"[-4000:]
        pytest.fail(f"`python -m mlsystem demo` exited {said.returncode}:\n{told}", pytrace=False)


@pytest.fixture
def measured() -> Callable[..., None]:
    """Keeps a figure for benchmarks/resilience.py, which judges it: a test never fails for a busy machine's time."""

    def keep(what: str, **figures: float) -> None:
        with (SETTINGS.data_dir / "measured.jsonl").open("a") as lines:
            lines.write(json.dumps({"what": what, **figures}) + "\n")

    return keep


@pytest.fixture
def own_settings(tmp_path: Path) -> Settings:
    """Settings whose every folder is the test's own."""
    return Settings(data_dir=tmp_path / "data", reports_dir=tmp_path / "reports")
