"""A disk of 64 MB that is full: the service answers, says so, and is well again when there is room."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.serving import prediction_log
from mlsystem.serving.run import metrics_dir, running_service
from mlsystem.serving.shared_counts import SPACE, reserve
from mlsystem.settings import ROOT, Settings
from questions import EXAMPLE, NOW, varied
from serving_probe import (
    accepts_connections,
    answers,
    ask_patiently,
    metric,
    only_worker,
    own_copy,
    pids,
    send,
    wait_until,
    workers,
    workers_but,
)

MEGABYTES = 64
COUNTS = """
import os, sys
from pathlib import Path
from mlsystem.serving.shared_counts import reserve
folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
assert reserve(folder)
from mlsystem.metrics.serving import ServingMetrics
metrics = ServingMetrics()
metrics.use_model("m", "1", {}, [])
print(*sorted(path.name.replace(str(os.getpid()), "PID") for path in folder.iterdir()))
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    mount = shutil.which("mount") and subprocess.run(command, capture_output=True, text=True, check=False)
    if not mount or mount.returncode:
        pytest.skip("this test mounts a small disk, which only root may")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """To the last byte: page by page when no megabyte fits any more."""
    path = folder / "full"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 4_096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return path


@pytest.mark.slow
def test_on_a_full_disk_it_answers_says_so_and_recovers(system, small_disk: Path):  # type: ignore[no-untyped-def]
    settings: Settings = own_copy(system.settings, small_disk / "data")
    OnlineFeatures(open_store(settings.features_dir, settings.online_dir)).materialise(NOW)
    with running_service(settings) as running:
        assert wait_until(lambda: len(list(settings.predictions_dir.glob("*.jsonl"))) == 2)
        before = pids(running)
        full = fill(small_disk)

        given = [ask_patiently(running, one).status for one in varied(400)]
        scrape = send(running, "GET", "/metrics").body.decode()
        told = "".join(str(send(running, "GET", "/model").content["problems"]) for _ in range(8))
        still = pids(running)
        workers(running)[0].send_signal(signal.SIGKILL)  # whoever is started on the full disk must live as well
        replaced = wait_until(lambda: workers_but(running, still))
        assert replaced, "nobody came for who was killed"
        assert wait_until(lambda: accepts_connections(replaced[0], running)), "who came for it does not begin to answer"
        with only_worker(replaced[0], running):
            given += [ask_patiently(running, EXAMPLE).status for _ in range(50)]
        lives = replaced[0].is_running()
        full.unlink()
        mended = wait_until(lambda: not any(send(running, "GET", "/model").content["problems"] for _ in range(8)))
        (answer,) = answers(running, EXAMPLE)

    assert set(given) == {200}
    assert still == before, "a worker died"
    assert metric(scrape, "predictions_total") >= 400
    assert metric(scrape, "prediction_log_failures_total") > 0
    assert "cannot be written" in told
    assert lives, "who was started on the full disk died of it"
    assert mended
    assert answer["prediction_id"] in {one["prediction_id"] for one in prediction_log.records(settings.predictions_dir)}


def test_the_files_that_are_reserved_are_those_that_are_counted_in(tmp_path: Path):
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": str(ROOT / "src")}

    done = subprocess.run([sys.executable, "-c", COUNTS], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.split() == sorted(f"{kind}_PID.db" for kind in SPACE)
    for path in tmp_path.iterdir():
        assert path.stat().st_blocks * 512 >= path.stat().st_size >= 1 << 16, "a hole would be a SIGBUS on a full disk"


def test_what_a_worker_imports_before_it_has_room_leaves_the_client_alone():
    """It looks where to count when it is imported: then no counting in memory is possible any more."""
    asked = """import logging.config, sys
from mlsystem.serving import server
logging.config.dictConfig(server.LOGGING)
sys.exit("prometheus_client" in sys.modules)"""

    assert subprocess.run([sys.executable, "-c", asked], cwd=ROOT / "src", check=False).returncode == 0


def test_without_room_nothing_is_left_half_reserved(tmp_path: Path):
    assert not reserve(tmp_path / "not there")
    assert reserve(tmp_path)
    assert len(list(tmp_path.iterdir())) == len(SPACE)
    assert metrics_dir(Settings(data_dir=tmp_path)).name == "metrics"
