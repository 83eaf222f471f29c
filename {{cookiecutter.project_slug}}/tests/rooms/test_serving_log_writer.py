"""The writer of the prediction log, where the disk ends."""

import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlsystem.domain import PROBLEM
from mlsystem.serving import log_writer, prediction_log
from mlsystem.serving.log_writer import PredictionLog
from questions import COUNTED


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "AGAIN_SECONDS", 0.0)


def test_a_full_disk_is_an_error_and_the_next_line_is_whole_again(tmp_path: Path):
    log = PredictionLog(tmp_path, 9)
    log.append([{"prediction_id": "first"}])

    with largest_file(100), pytest.raises(OSError, match=r"of .* bytes fitted|too large"):
        log.append([{"prediction_id": "x" * 500}])
    with largest_file(10), pytest.raises(OSError, match=r"."):
        log.check()
    log.check()
    log.append([{"prediction_id": "second"}])

    assert [row["prediction_id"] for row in prediction_log.records(tmp_path)] == ["first", "second"]


def test_a_folder_that_was_removed_is_made_again(tmp_path: Path):
    log = PredictionLog(tmp_path / "log", 9)
    log.append([{"prediction_id": "first"}])
    for path in (tmp_path / "log").iterdir():
        path.unlink()
    (tmp_path / "log").rmdir()

    log.append([{"prediction_id": "second"}])

    assert [row["prediction_id"] for row in prediction_log.records(tmp_path / "log")] == ["second"]


def test_a_log_that_failed_is_ready_again_when_its_folder_can_be_made(tmp_path: Path):
    log = PredictionLog(tmp_path / "log", 9)
    (tmp_path / "log").write_text("a file where the folder was")
    with pytest.raises(OSError, match=r"."):
        log.append([{"prediction_id": "lost"}])
    with pytest.raises(OSError, match=r"."):
        log.check()

    (tmp_path / "log").unlink()

    log.check()
    log.append([{"prediction_id": "kept"}])
    assert [row["prediction_id"] for row in prediction_log.records(tmp_path / "log")] == ["kept"]


def test_a_disk_in_trouble_is_asked_once_a_second_and_gets_no_file_for_each_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    log = PredictionLog(tmp_path, 9)
    with largest_file(0):
        for again_seconds in (0.0, 60.0):
            monkeypatch.setattr(log_writer, "AGAIN_SECONDS", again_seconds)
            for _ in range(50):
                with pytest.raises(OSError, match=r"."):
                    log.append([{"prediction_id": "lost"}])

    with pytest.raises(OSError, match=r"."):  # there is room again, and nobody has looked yet
        log.append([{"prediction_id": "lost"}])
    assert len(list(tmp_path.iterdir())) == 1
    log.check()
    log.append([{"prediction_id": "kept"}])
    assert [row["prediction_id"] for row in prediction_log.records(tmp_path)] == ["kept"]


def test_two_processes_of_one_id_never_share_a_file(tmp_path: Path):
    for _ in range(2):
        PredictionLog(tmp_path, 9).append([{"prediction_id": "one"}])

    assert len(list(tmp_path.glob("*.jsonl"))) == 2


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow past `size` bytes: what a full disk does, without filling one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_file_gives_way_to_the_next_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    record = {"prediction_id": f"0-{'x' * 100}"}
    monkeypatch.setattr(log_writer, "FILE_BYTES", len(json.dumps(record)) + 1)
    monkeypatch.setattr(log_writer, "BLOCK_BYTES", 1)
    log = PredictionLog(tmp_path, 3)

    for number in range(10):
        log.append([{"prediction_id": f"{number}-{'x' * 100}"}])

    kept = [row["prediction_id"][0] for row in prediction_log.records(tmp_path)]
    assert kept == ["7", "8", "9"]


def test_a_whole_number_that_was_written_with_a_point_is_read_as_one(tmp_path: Path):
    said = {COUNTED.name: 7.0} if COUNTED else {}
    stored = {feature.name: 3.0 for feature in PROBLEM.stored_features if feature.type == "count"}
    PredictionLog(tmp_path, 9).append([{"prediction_id": "one", "said": said, "stored": stored}])

    (row,) = prediction_log.read(tmp_path).to_pylist()

    read = [row["said"][name] for name in said] + [row["stored"][name] for name in stored]
    assert read == [7] * len(said) + [3] * len(stored)
    assert {type(value) for value in read} == {int}


def test_a_line_that_is_no_prediction_is_told_with_its_file(tmp_path: Path):
    PredictionLog(tmp_path, 9).append([{"somebody": "else"}])

    with pytest.raises(prediction_log.UnreadableLog, match=r"jsonl has a line that is no prediction"):
        prediction_log.read(tmp_path)


def test_small_files_of_many_starts_and_days_cost_nothing_that_is_still_wanted(tmp_path: Path):
    for number in range(20):
        PredictionLog(tmp_path, 2).append([{"prediction_id": str(number)}])

    assert len(list(prediction_log.records(tmp_path))) == 20
