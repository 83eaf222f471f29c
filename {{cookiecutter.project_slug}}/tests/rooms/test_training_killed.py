"""A training killed at any moment leaves the champion that there was, or none; the next run ends as if undisturbed."""

import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mlsystem.environment import TOOL_ENVIRONMENT
from mlsystem.model_registry.registry import NoChampion, load_champion
from mlsystem.settings import ROOT

KILLS = 1
TRAINING = """
import sys
from pathlib import Path
from planted import planted_training_set
from mlsystem.model_registry.registry import publish
from mlsystem.training.compare import compare
publish(compare(planted_training_set(), seed=3, threads=1), Path(sys.argv[1]), {})
"""


def train(models_dir: Path, kill_after: float = 300, kill_when: Path | None = None) -> float:
    """Train in a process of its own, to its end or until it is killed; the seconds that it took."""
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}"
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", TRAINING, str(models_dir)],
        env=os.environ | TOOL_ENVIRONMENT | {"PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and time.monotonic() - started < kill_after:
        if kill_when and kill_when.exists():
            break
        time.sleep(0.01)
    process.kill()
    process.wait()
    return time.monotonic() - started


@pytest.mark.slow
def test_a_killed_training_never_makes_half_a_champion(tmp_path: Path):
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 100_000))
    chance = random.Random(seed)
    print(f"again with KILL_SEED={seed}")
    seconds = train(tmp_path / "undisturbed")
    expected = load_champion(tmp_path / "undisturbed").metrics

    train(tmp_path / "killed", kill_when=tmp_path / "killed/mlflow.db.aside")  # the database is being made
    assert not (tmp_path / "killed/mlflow.db").exists()
    for _ in range(KILLS):
        train(tmp_path / "killed", kill_after=seconds * chance.uniform(0.3, 1.0))
        with suppress(NoChampion):  # nobody was promoted; whoever was must be whole
            assert load_champion(tmp_path / "killed").metrics == expected
    train(tmp_path / "killed")

    assert load_champion(tmp_path / "killed").metrics == expected
