"""`brief --check` by the user's own command, on a project in which one thing of each kind was changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlsystem.settings import ROOT, Settings, child_environment

pytestmark = pytest.mark.slow
PARTS = ("src", "tests", "docs", "ops", "benchmarks", "README.md", "project.toml", "requirements.lock")


def brief(project: Path, settings: Settings, *arguments: str) -> subprocess.CompletedProcess:
    environment = child_environment(settings, PYTHONPATH=str(project / "src"))
    command = [sys.executable, "-m", "mlsystem", "brief", *arguments]
    return subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True, check=False)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_one_number_one_threshold_and_one_file_name_are_each_named(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    project = tmp_path / "project"
    project.mkdir()
    for name in PARTS:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, project / name)
    settings = Settings(data_dir=project / "data", reports_dir=project / "reports")
    settings.reports_dir.mkdir()
    shutil.copy2(system.settings.reports_dir / "run.json", settings.reports_dir)
    assert brief(project, settings).returncode == 0
    quiet = brief(project, settings, "--check")
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert "claims hold, each with its citation" in quiet.stdout

    change(settings.reports_dir / "run.json", '"errors": 0', '"errors": 7')
    change(project / "src/mlsystem/retraining/gate.py", "most_latency_ms: float = 2.0", "most_latency_ms: float = 9.0")
    change(project / "src/mlsystem/settings.py", "import os\n", "\n\nimport os\n")  # what follows moves by two lines
    (project / "tests/rooms/test_skew.py").rename(project / "tests/rooms/test_skews.py")
    change(settings.reports_dir / "brief.md", "## In 10 minutes", "## In 11 minutes")
    told = brief(project, settings, "--check")

    assert told.returncode == 1
    assert "claim 'serving' says 0 by reports/run.json serving.errors, which is 7 now" in told.stderr
    assert "claim 'gate' says 2.0 by src/mlsystem/retraining/gate.py" in told.stderr
    assert "claim 'skew': `tests/rooms/test_skew.py::" in told.stderr
    assert "there is no file tests/rooms/test_skew.py" in told.stderr
    assert "brief.md:" in told.stderr
    assert "Traceback" not in told.stderr
    assert "settings.py" not in told.stderr, "a line that only moved is no fault"
