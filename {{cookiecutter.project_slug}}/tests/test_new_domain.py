"""An empty domain imports, and the check leads through its answers one after the other, until none is missing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlsystem.contract import new_domain
from mlsystem.settings import ROOT

PLACED = {"domain": "src/mlsystem/domain"}


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "MLSYSTEM_DATA_DIR": str(root / "data")}
    command = [sys.executable, "-m", "mlsystem", *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The package with an empty domain in it, written by the command."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "project.toml", tmp_path / "project.toml")
    written = run(tmp_path, "new-domain", "mine")
    assert (written.returncode, written.stderr) == (0, "")
    shutil.rmtree(tmp_path / "src/mlsystem/domain")
    (tmp_path / "mine/domain").rename(tmp_path / "src/mlsystem/domain")
    return tmp_path


def test_it_passes_the_check_up_to_its_first_missing_answer(project: Path):
    told = run(project, "ingest")

    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert "problem.py: these words are empty: title, asked" in told.stderr
    assert "problem.py: the name ''" in told.stderr
    assert "source.py" not in told.stderr, "the next file is asked about when the first is answered"


def test_each_answer_leads_to_the_next_question(project: Path):
    problem = project / "src/mlsystem/domain/problem.py"
    text = problem.read_text(encoding="utf-8")
    text = re.sub(r'^(        \w+)="",', r'\1="a word",', text, flags=re.MULTILINE)
    text = text.replace('act="a word"', 'act="go"').replace('hold="a word"', 'hold="stay"')
    answers = {'    name=""': '    name="mine"', "last_day=date(2000, 1, 1)": "last_day=date(2001, 1, 1)"}
    answers["held_out=(date(2000, 1, 1), date(2000, 1, 1))"] = "held_out=(date(2000, 11, 1), date(2000, 12, 1))"
    for blank, answer in answers.items():
        text = text.replace(blank, answer)
    problem.write_text(text)

    told = run(project, "ingest")

    assert told.returncode == 1
    assert "source.py: SOURCE has no raw file" in told.stderr
    assert "problem.py" not in told.stderr


def test_it_is_written_without_a_domain_that_can_be_read_and_never_over_anything(project: Path):
    (project / "src/mlsystem/domain/problem.py").write_text("PROBLEM = 1 +\n", encoding="utf-8")

    again, taken = run(project, "new-domain", "other"), run(project, "new-domain", "mine")

    assert again.returncode == 0
    assert "becomes src/mlsystem/domain" in again.stdout
    assert (project / "other/domain/sql").is_dir()
    assert taken.returncode == 1
    assert "is not empty" in taken.stderr


def test_every_part_of_it_is_python_that_is_formatted(tmp_path: Path):
    written = new_domain.write(tmp_path / "mine")

    check = [sys.executable, "-m", "ruff", "format", "--check", "--no-cache", "--line-length", "120", str(tmp_path)]
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0
    assert {path.name for path in written} >= {"problem.py", "question.py", "tables.py", "README.md", "test_domain.py"}
