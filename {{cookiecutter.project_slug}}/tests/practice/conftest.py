"""For the tests of practice: what the brief and the evidence are made of, from the run of the shared system."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlsystem.practice.defence.figures import Sources
from mlsystem.settings import ROOT, Settings

RUN_FILES = ("run.json", "report.html")


@pytest.fixture
def sources(system, tmp_path: Path) -> Sources:  # type: ignore[no-untyped-def]
    """The demo's own figures in a folder of the test's own, and a record that is empty."""
    settings = Settings(data_dir=tmp_path / "data", reports_dir=tmp_path / "reports")
    settings.reports_dir.mkdir()
    for name in RUN_FILES:
        shutil.copy2(system.settings.reports_dir / name, settings.reports_dir / name)
    return Sources(settings, ROOT, tmp_path / "practice")


@pytest.fixture
def change_run(sources: Sources) -> Callable[[Callable[[dict], None]], Sources]:
    """Changes the run's file; what was read of it before is forgotten."""

    def change(how: Callable[[dict], None]) -> Sources:
        path = sources.settings.reports_dir / "run.json"
        run = json.loads(path.read_text())
        how(run)
        path.write_text(json.dumps(run))
        return Sources(sources.settings, sources.root, sources.record_folder)

    return change
