"""What proofs leave on record: the newest of each, what failed before it, and a page that says the same."""

import json
import sys
from pathlib import Path

import pytest

from mlsystem.practice.drills import drill
from mlsystem.settings import ROOT

sys.path.insert(0, str(ROOT / "benchmarks/practice"))
import drill_proof

NAMES = drill.names()


def test_a_proof_that_failed_is_kept_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drill_proof, "FILE", tmp_path / "drill_proofs.json")

    drill_proof.record("repairs", {"drill": NAMES[0], "seed": 7, "faults": ["it is over by the decoy"]})

    (kept,) = json.loads(drill_proof.FILE.read_text(encoding="utf-8"))["repairs"]
    assert kept["faults"] == ["it is over by the decoy"]
    assert "| repairs 7 |" in drill_proof.FILE.with_suffix(".md").read_text(encoding="utf-8")

    drill_proof.record("repairs", {"drill": NAMES[0], "seed": 7, "faults": [], "seconds": 1.0})

    assert json.loads(drill_proof.FILE.read_text(encoding="utf-8"))[drill_proof.FAILED] == [{"what": "repairs"} | kept]
    assert "| repairs 7, played again |" in drill_proof.FILE.with_suffix(".md").read_text(encoding="utf-8")


def test_the_page_says_what_the_kept_proofs_say():
    every = json.loads(drill_proof.FILE.read_text(encoding="utf-8"))

    assert drill_proof.FILE.with_suffix(".md").read_text(encoding="utf-8") == drill_proof.page(every)
