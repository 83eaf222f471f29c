"""Promotion and rollback: one champion, each move on the record, and a sentence for whoever comes second."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlsystem.environment import TOOL_ENVIRONMENT
from mlsystem.model_registry import listing, promotions, registry, runs, tracking
from mlsystem.model_registry.champion import NoChampion, UnusableModel
from mlsystem.model_registry.promotions import NotPromoted, promote, rollback
from mlsystem.settings import ROOT
from mlsystem.training.compare import Comparison, compare
from planted import broken, planted_training_set

# Imports first, then waits for the starting gun, so that two of them meet in the lock.
MOVE = """
import sys, time
from pathlib import Path
from mlsystem.model_registry import promotions, registry
models, version, expected, gun = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
registry.load_version(f"sqlite:///{models / 'mlflow.db'}", version)
print("ready", flush=True)
while not gun.exists():
    time.sleep(0.001)
try:
    promotions.promote(models, version, expected, sys.argv[5], "a race", {})
    print("promoted")
except promotions.NotPromoted as refusal:
    print(f"refused: {refusal}")
"""


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(planted_training_set(), seed=1, threads=1)


@pytest.fixture(scope="module")
def three(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with versions 1, 2 and 3, of which none is champion."""
    models_dir = tmp_path_factory.mktemp("models")
    uri = tracking.tracking_uri(models_dir)
    logged = runs.log_candidates(uri, models_dir / "artifacts", comparison, {})
    for name in ("lightgbm", "logistic_regression", "climatology"):
        registry.register(uri, logged[name])
    return models_dir


@pytest.fixture
def models_dir(three: Path, tmp_path: Path) -> Path:
    """A copy of it with a lock, a record and aliases of its own; the model files are the original's."""
    own = tmp_path / "models"
    own.mkdir()
    shutil.copy(three / "mlflow.db", own)
    return own


def champion(models_dir: Path) -> str | None:
    return registry.aliases(models_dir).get(registry.CHAMPION)


def move(models_dir: Path, version: str, expected: str | None) -> promotions.Promotion:
    return promote(models_dir, version, expected, "a test", f"to {version}", {"auc": 0.7})


def start(models_dir: Path, version: str, expected: str, who: str) -> subprocess.Popen[str]:
    arguments = [str(models_dir), version, expected, str(models_dir / "gun"), who]
    environment = os.environ | TOOL_ENVIRONMENT | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-W", "ignore", "-c", MOVE, *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_promotion_is_on_record_with_who_why_when_and_the_evidence(models_dir: Path):
    done = move(models_dir, "1", None)

    assert champion(models_dir) == "1"
    assert promotions.history(models_dir) == [done]
    assert (done.from_version, done.to_version, done.who, done.why) == (None, "1", "a test", "to 1")
    assert done.evidence == {"auc": 0.7}
    assert done.at.startswith("20")


def test_who_was_promoted_or_taken_back_waits_for_no_verdict(models_dir: Path):
    client = tracking.client(tracking.tracking_uri(models_dir))
    move(models_dir, "1", None)
    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHALLENGER, "3")

    move(models_dir, "2", "1")
    assert registry.aliases(models_dir)[registry.CHALLENGER] == "3", "another one waits on"
    move(models_dir, "3", "2")
    assert registry.CHALLENGER not in registry.aliases(models_dir)

    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHALLENGER, "3")  # as a kill may leave it
    promotions.rollback(models_dir, "a test", "too much is acted on")
    assert registry.aliases(models_dir) == {registry.CHAMPION: "2"}


def test_whoever_compared_with_another_champion_is_refused(models_dir: Path):
    move(models_dir, "1", None)
    move(models_dir, "2", "1")

    with pytest.raises(NotPromoted, match="compared with champion 1, but now the champion is 2"):
        move(models_dir, "3", "1")
    with pytest.raises(NotPromoted, match="is the champion already"):
        move(models_dir, "2", "2")
    with pytest.raises(NoChampion, match="there is no model version 9"):
        move(models_dir, "9", "2")

    assert champion(models_dir) == "2"
    assert [one.to_version for one in promotions.history(models_dir)] == ["1", "2"]


@pytest.mark.slow
def test_two_promotions_at_once_end_with_one_champion_and_the_loser_is_told(models_dir: Path):
    move(models_dir, "1", None)
    both = [start(models_dir, version, "1", f"process {version}") for version in ("2", "3")]

    (models_dir / "gun").touch()
    said = {version: process.communicate(timeout=60)[0] for version, process in zip("23", both, strict=True)}

    (winner,) = [version for version, text in said.items() if text == "promoted\n"]
    (loser,) = {"2", "3"} - {winner}
    assert said[loser].startswith(f"refused: version {loser} was compared with champion 1")
    assert champion(models_dir) == winner
    assert [one.to_version for one in promotions.history(models_dir)] == ["1", winner]


@pytest.mark.slow
def test_a_promotion_killed_anywhere_leaves_no_champion_without_its_record(models_dir: Path):
    move(models_dir, "1", None)

    for kill_after in (0.0, 0.02, 0.05, 0.1, 0.2):
        before = champion(models_dir)
        target = "2" if before == "1" else "1"
        (models_dir / "gun").unlink(missing_ok=True)
        process = start(models_dir, target, str(before), f"killed after {kill_after}")
        (models_dir / "gun").touch()
        time.sleep(kill_after)
        process.kill()
        process.communicate()

        moves = promotions.history(models_dir)
        assert moves[-1].to_version == champion(models_dir)
        assert all(one.to_version == after.from_version for one, after in itertools.pairwise(moves))

    now = champion(models_dir)
    assert move(models_dir, "3", now).from_version == now


def test_an_intent_without_its_alias_took_no_effect_also_when_its_line_is_torn(models_dir: Path):
    move(models_dir, "1", None)
    record = models_dir / promotions.RECORDS
    written = json.loads(record.read_text())
    with record.open("a") as file:  # killed between the record and the alias, and then in the middle of a line
        file.write(json.dumps(written | {"from_version": "1", "to_version": "3"}) + "\n" + '{"kind": "prom')

    assert [one.to_version for one in promotions.history(models_dir)] == ["1"]

    move(models_dir, "2", "1")
    assert [one.to_version for one in promotions.history(models_dir)] == ["1", "2"]
    assert rollback(models_dir, "a test", "back").to_version == "1"


def test_rollback_goes_back_one_champion_at_a_time_until_there_is_none(models_dir: Path):
    for version, expected in (("1", None), ("2", "1"), ("3", "2")):
        move(models_dir, version, expected)

    first, second = rollback(models_dir, "a test", "bad"), rollback(models_dir, "a test", "worse")

    assert (first.to_version, second.to_version) == ("2", "1")
    assert champion(models_dir) == "1"
    with pytest.raises(NotPromoted, match="no champion before 1 to roll back to"):
        rollback(models_dir, "a test", "more")
    move(models_dir, "3", "1")
    assert rollback(models_dir, "a test", "again").to_version == "1"
    assert [one.kind for one in promotions.history(models_dir)].count("rollback") == 3


def test_a_version_that_answers_nonsense_never_becomes_champion(models_dir: Path, comparison: Comparison):
    nonsense = runs.log_candidates(tracking.tracking_uri(models_dir), models_dir / "artifacts", broken(comparison), {})
    version = registry.register(tracking.tracking_uri(models_dir), nonsense["climatology"])

    with pytest.raises(UnusableModel, match="expected 3 probabilities"):
        move(models_dir, version, None)

    assert champion(models_dir) is None
    assert promotions.history(models_dir) == []


def test_the_table_shows_every_version_with_its_aliases_and_figures(models_dir: Path, tmp_path: Path):
    move(models_dir, "1", None)
    move(models_dir, "2", "1")

    lines = listing.table(models_dir).splitlines()

    assert [line.split()[0] for line in lines] == ["version", "1", "2", "3"]
    assert "champion" in lines[2]
    assert "a test: to 2" in lines[2]
    assert "challenger" in lines[3]
    assert "lightgbm" in lines[1]
    with pytest.raises(NoChampion, match="no model version is registered"):
        listing.table(tmp_path / "nothing")


def test_outside_a_repository_there_is_no_commit_and_no_error(tmp_path: Path):
    assert tracking.git_commit(tmp_path) is None
