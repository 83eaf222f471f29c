"""The verdict on the model: what is compared with what, and what a bad moment of the machine changes."""

import numpy as np
import pytest
from capacity_measurements import MS

from mlsystem.practice.capacity import load_check
from mlsystem.practice.capacity.load_check import LOADS, Turn


def turn(p99: float, predicted: float = 10 * MS) -> Turn:
    """Around a prediction of ten milliseconds, unless another is said."""
    blocks = predicted * np.linspace(0.9, 1.1, load_check.BLOCKS)
    return Turn(500.0, 250.0, blocks, blocks / 2, predicted / 3, 2 * MS, p99, 0.1 * MS, 2_000, 0)


def verdict(*p99: float, saturation: float = 510.0) -> dict[str, object]:
    return load_check.verdict(saturation, {load: [turn(one) for one in p99] for load in LOADS})


def test_what_is_predicted_is_within_and_what_is_not_is_named():
    assert verdict(9 * MS, 10 * MS, 11 * MS)["off"] == []
    assert verdict(*[20 * MS] * 3)["off"] == ["p99 at 30%", "p99 at 60%", "p99 at 85%"], "half of what was measured"
    assert verdict(*[6 * MS] * 3)["off"] == ["p99 at 30%", "p99 at 60%", "p99 at 85%"], "and too much is as wrong"
    assert verdict(10 * MS, saturation=700.0)["off"] == ["saturation"]


def test_turns_in_which_the_machine_did_something_else_are_shown_and_not_compared():
    found = verdict(9 * MS, 10 * MS, 10 * MS, 60 * MS, 160 * MS)

    (one, *_) = found["loads"]  # type: ignore[misc]
    assert found["is_within"]
    assert one["error"] == pytest.approx(-0.05)  # lower quartiles: 9.5 of the blocks, 10 of the turns
    assert one["measured_high_ms"] == 160
