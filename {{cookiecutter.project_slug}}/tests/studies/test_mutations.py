"""The list of edits that the tests must notice: it cannot rot, and its script can tell who survived."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlsystem.settings import ROOT

SCRIPT = ROOT / "benchmarks/studies/mutations.py"
EDIT = """
[[edit]]
why = "a planted edit"
file = "drift.py"
old = "{old}"
new = "{new}"
tests = ["{test}"]
"""
TEST = "tests/rooms/test_serving_drift_window.py::test_nothing_counted_is_no_drift"


def mutations(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_edit_can_still_be_made_and_its_tests_are_there():
    told = mutations("--only-check-the-list")

    assert (told.returncode, told.stderr) == (0, "")
    assert int(told.stdout.split()[0]) >= 18


@pytest.mark.parametrize(
    ("old", "new", "test", "sentence"),
    [
        ("this text is nowhere", "", TEST, "stands 0 times"),
        ("import", "", TEST, "times, expected once"),
        ("QUANTILE_BINS = 15", "QUANTILE_BINS = 15", TEST, "the new text is the old one"),
        ("QUANTILE_BINS = 15", "QUANTILE_BINS = 16", "tests/rooms/test_gone.py", "there is no tests/rooms/test_gone"),
        ("QUANTILE_BINS = 15", "QUANTILE_BINS = 16", f"{TEST}_whatever", "there is no tests/rooms/test_serving_drift"),
    ],
)
def test_an_edit_that_has_rotted_is_said(tmp_path: Path, old: str, new: str, test: str, sentence: str):
    listed = tmp_path / "list.toml"
    listed.write_text(EDIT.format(old=old, new=new, test=test))

    told = mutations("--list", str(listed), "--only-check-the-list")

    assert told.returncode == 1
    assert sentence in told.stdout


@pytest.mark.slowest
def test_an_edit_that_no_test_notices_is_a_failure_and_the_project_is_left_alone(tmp_path: Path):
    listed = tmp_path / "list.toml"
    harmless = EDIT.format(old="QUANTILE_BINS = 15", new="QUANTILE_BINS = 16", test=TEST)
    caught = EDIT.format(
        old="if sum(live_counts) == 0:", new="if not live_counts:", test="tests/rooms/test_training_evaluation.py"
    )
    before = (ROOT / "src/mlsystem/drift.py").read_bytes()

    listed.write_text(harmless + caught)
    told = mutations("--list", str(listed))

    assert told.returncode == 1
    assert told.stdout.count("**SURVIVED**") == 1
    assert "| test_drift_is_unknown_while_nothing_was_seen_and_refused_between_different_bins |" in told.stdout
    assert "1 of 2 edits caught" in told.stdout
    assert (ROOT / "src/mlsystem/drift.py").read_bytes() == before
