"""The window that PSI is computed over."""

import pytest

from mlsystem.drift import Reference, psi
from mlsystem.serving.drift_window import DriftWindow

REFERENCE = Reference("delay", (0.0,), (500, 500, 0))


def counted(low: int, high: int) -> dict[tuple[str, int], float]:
    return {("delay", 0): low, ("delay", 1): high}


def test_before_the_window_is_full_psi_is_of_everything_so_far():
    window = DriftWindow({"delay": REFERENCE}, window=100)

    predictions, found = window(counted(30, 20))

    assert predictions == 50
    assert found == {"delay": pytest.approx(psi(REFERENCE.counts, (30, 20, 0)))}


def test_a_long_good_past_does_not_hide_todays_drift():
    window = DriftWindow({"delay": REFERENCE}, window=100)
    for n in range(0, 10_000, 10):
        _, calm = window(counted(n, n))

    for n in range(0, 120, 10):
        predictions, drifted = window(counted(9_990 + n, 9_990))

    assert calm["delay"] < 0.02  # half a row is added to each bin, also to the one for missing
    assert 100 <= predictions <= 130
    assert drifted["delay"] > 1


def test_of_two_features_each_is_held_against_its_own_reference():
    other = Reference("wind", (0.0,), (900, 100, 0))
    window = DriftWindow({"delay": REFERENCE, "wind": other}, window=100)

    predictions, found = window(counted(50, 50) | {("wind", 0): 90, ("wind", 1): 10})

    assert predictions == 100
    assert max(found.values()) < 0.02
    assert set(found) == {"delay", "wind"}


def test_nothing_counted_is_no_drift():
    assert DriftWindow({"delay": REFERENCE})({}) == (0, {})
