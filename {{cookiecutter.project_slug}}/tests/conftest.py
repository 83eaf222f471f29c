"""The furniture of the tests: one real system on the whole real year, built once and kept between runs."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from mlsystem import storage
from mlsystem.settings import ROOT, Settings, configure_tools

SETTINGS = Settings(data_dir=ROOT / "data/tests", reports_dir=ROOT / "data/tests/reports")
configure_tools(SETTINGS)


@dataclass(frozen=True)
class System:
    """A built system: read it, copy from it, never write into it."""

    settings: Settings

    @property
    def days(self) -> list[date]:
        return storage.day_range(self.settings.first_day, self.settings.last_day)


@pytest.fixture(scope="session")
def validated() -> System:
    """The year delivered and validated: about 20 seconds the first time, nothing after that."""
    from mlsystem.source.deliver import deliver
    from mlsystem.validation.validate import validate

    system = System(SETTINGS)
    deliver(system.days, SETTINGS.source_dir)
    validate(system.days, SETTINGS.source_dir, SETTINGS.validated_dir)
    return system


@pytest.fixture(scope="session")
def featured(validated: System) -> System:
    """And every view's rows computed: about 10 seconds more."""
    from mlsystem.features import build

    days = build.feature_days(SETTINGS.first_day, SETTINGS.last_day)
    build.build(days, SETTINGS.validated_dir, SETTINGS.features_dir)
    return validated


@pytest.fixture(scope="session")
def system(featured: System) -> System:
    """And a champion trained and registered: about a minute more."""
    from mlsystem.flows import train

    days = featured.days
    fingerprint = train.training_fingerprint(days[0], days[-1], SETTINGS)
    path = train.make_training_set.fn(days[0], days[-1], fingerprint, SETTINGS)
    marker = SETTINGS.models_dir / fingerprint
    if not marker.exists():
        train.fit_candidates.fn(path, fingerprint, 2013, SETTINGS)
        storage.write_text(marker, "trained")
    return featured


@pytest.fixture
def own_settings(tmp_path: Path) -> Settings:
    """Settings whose every folder is the test's own."""
    return Settings(data_dir=tmp_path / "data", reports_dir=tmp_path / "reports")
