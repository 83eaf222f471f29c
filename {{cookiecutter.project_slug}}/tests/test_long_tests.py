"""The tests that `make test` leaves to `make prove` and `make endure` can at least be begun."""

import subprocess
import sys

from mlsystem.settings import ROOT


def test_each_long_test_finds_what_it_asks_for():
    command = [sys.executable, "-m", "pytest", "-n", "0", "--setup-plan", "-m", "slow or slowest"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-3000:]
