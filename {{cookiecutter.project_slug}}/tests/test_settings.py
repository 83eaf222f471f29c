"""Settings: one place, one value per line, and an example file that cannot drift."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from mlsystem.domain import PROBLEM
from mlsystem.settings import ROOT, Project, Settings, child_environment, load_project


def test_the_example_file_says_the_defaults_and_all_of_them():
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]

    said = dict(line.split("=") for line in lines)

    defaults = {f"MLSYSTEM_{name.upper()}": field.default for name, field in Settings.model_fields.items()}
    assert said == {name: _as_text(default) for name, default in defaults.items()}


def test_a_setting_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match="serving_prot"):
        Settings(serving_prot=3001)


def test_a_wrong_setting_is_told_in_a_sentence_and_not_in_a_traceback(tmp_path: Path):
    environment = child_environment(Settings(data_dir=tmp_path)) | {"MLSYSTEM_WORKERS": "many"}

    told = subprocess.run(
        [sys.executable, "-m", "mlsystem", "report"], env=environment, capture_output=True, text=True, check=False
    )

    assert told.returncode == 1
    assert "MLSYSTEM_WORKERS" in told.stderr
    assert "many" not in told.stderr  # it may be a secret
    assert "Traceback" not in told.stderr


def test_the_answers_of_the_template_itself_are_its_defaults(tmp_path: Path):
    answers = tmp_path / "project.toml"
    answers.write_text('[project]\nname = "{{ cookiecutter.project_name }}"\nseed = "{{ cookiecutter.seed }}"\n')

    project = load_project(answers)

    assert project == Project(), "what the template's own folder has not been told yet"


def _as_text(default: object) -> str:
    """Days are the domain's: the file leaves them empty, which says the default."""
    if default in (PROBLEM.first_day, PROBLEM.last_day):
        return ""
    return str(default.relative_to(ROOT) if isinstance(default, Path) else default)
