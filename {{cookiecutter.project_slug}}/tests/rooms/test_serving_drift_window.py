"""The window that PSI is computed over: one for all workers."""

from pathlib import Path

import pytest

from mlsystem.drift import Reference, psi
from mlsystem.serving.drift_window import DriftWindow

REFERENCE = Reference("one_input", (0.0,), (500, 500, 0))
OTHER = Reference("another_input", (0.0,), (900, 100, 0))


def counted(low: int, high: int) -> dict[tuple[str, int], float]:
    return {("one_input", 0): low, ("one_input", 1): high}


def made(folder: Path, *references: Reference) -> DriftWindow:
    window = DriftWindow(folder, window=100)
    window.know("1", {one.name: one for one in references or [REFERENCE]})
    return window


def test_before_the_window_is_full_psi_is_of_everything_so_far(tmp_path: Path):
    predictions, found = made(tmp_path)("1", counted(30, 20))

    assert predictions == 50
    assert found == {"one_input": pytest.approx(psi(REFERENCE.counts, (30, 20, 0)))}


def test_a_long_good_past_does_not_hide_todays_drift(tmp_path: Path):
    window = made(tmp_path)
    for n in range(0, 10_000, 10):
        _, calm = window("1", counted(n, n))

    for n in range(0, 120, 10):
        predictions, drifted = window("1", counted(9_990 + n, 9_990))

    assert calm["one_input"] < 0.02  # half a row is added to each bin, also to the one for missing
    assert 100 <= predictions <= 130
    assert drifted["one_input"] > 1


def test_whichever_worker_is_asked_tells_the_same_also_one_that_has_just_begun(tmp_path: Path):
    workers = [made(tmp_path), made(tmp_path)]
    for n in range(0, 3_000, 10):  # in stretches, as scrapes on a kept connection are
        workers[n // 500 % 2]("1", counted(n, n))
    for n in range(0, 60, 10):
        workers[0]("1", counted(2_990 + n, 2_990))

    told = [worker("1", counted(3_040, 2_990)) for worker in [*workers, DriftWindow(tmp_path, window=100)]]

    assert told[0] == told[1] == told[2]
    assert 100 <= told[0][0] < 200


def test_a_folder_that_cannot_be_written_keeps_what_is_there(tmp_path: Path):
    window = made(tmp_path)
    for n in range(0, 500, 10):
        window("1", counted(n, n))
    before = window("1", counted(500, 500))
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()

    predictions, found = window("1", counted(510, 510))

    assert before[0] < 200
    assert (predictions, set(found)) == (1_020, {"one_input"})  # of everything since the start: true, and less sharp


def test_of_two_features_each_is_held_against_its_own_reference(tmp_path: Path):
    predictions, found = made(tmp_path, REFERENCE, OTHER)(
        "1", counted(50, 50) | {("another_input", 0): 90, ("another_input", 1): 10}
    )

    assert predictions == 100
    assert max(found.values()) < 0.02
    assert set(found) == {"one_input", "another_input"}


def test_nothing_counted_is_no_drift(tmp_path: Path):
    window = made(tmp_path)

    assert window("1", {}) == (0, {})
    assert window("2", counted(5, 5)) == (0, {})
