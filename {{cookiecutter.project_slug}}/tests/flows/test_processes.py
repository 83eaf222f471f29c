"""`make up` and its kin: what is told at the start, what is left behind (nothing)."""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from hostile import HEARTBEAT
from mlsystem import child_processes
from mlsystem.addresses import SERVERS, address
from mlsystem.feature_store.store import open_store
from mlsystem.settings import Settings
from questions import DAY
from serving_probe import free_port, own_copy
from up_probe import begin, mlsystem, own_ports, processes_of, waited

HAS_PROMETHEUS = shutil.which("prometheus") is not None


@pytest.fixture
def settings(system, tmp_path: Path) -> Settings:  # type: ignore[no-untyped-def]
    """The built champion, and folders and ports of its own."""
    return own_copy(system.settings, tmp_path / "data").model_copy(update=own_ports())


@contextmanager
def stranger(host: str = "127.0.0.1") -> Iterator[int]:
    """A server of somebody else that answers 200 to whatever it is asked; its port."""

    class Yes(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *said: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((host, 0), Yes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("task", ["up", "replay", "smoke", "judge", "retrain", "monitor"])
def test_without_a_champion_it_is_told_at_the_start(own_settings: Settings, task: str):
    told = mlsystem(own_settings, task)

    assert (told.returncode, HEARTBEAT.sub("", told.stdout)) == (1, "")
    assert "no model is champion" in told.stderr
    assert "`make demo`" in told.stderr
    assert processes_of(own_settings) == []


@pytest.mark.parametrize("task", ["up", "demo", "replay", "smoke"])
def test_a_port_in_use_is_told_at_the_start_with_who_has_it(settings: Settings, task: str):
    with stranger() as port:
        told = mlsystem(settings.model_copy(update={"serving_port": port}), task)

    assert told.returncode == 1
    assert f"port {port}, for service, is in use by process {os.getpid()}" in told.stderr
    assert "MLSYSTEM_SERVING_PORT" in told.stderr
    assert processes_of(settings) == []


@pytest.mark.parametrize("server", SERVERS)
def test_up_looks_at_every_port_before_it_starts_anything(settings: Settings, server: str):
    if server == "prometheus" and not HAS_PROMETHEUS:
        pytest.skip("this test needs Prometheus (Debian's package prometheus)")
    with stranger() as port:
        told = mlsystem(settings.model_copy(update={f"{server}_port": port}), "up")

    assert told.returncode == 1
    assert f"port {port}, for" in told.stderr
    assert "starting" not in told.stdout
    assert processes_of(settings) == []


def test_a_host_of_another_machine_is_told_at_the_start(settings: Settings):
    told = mlsystem(settings.model_copy(update={"mlflow_host": "192.0.2.7"}), "up")

    assert told.returncode == 1
    assert "mlflow cannot listen on 192.0.2.7" in told.stderr
    assert "MLSYSTEM_MLFLOW_HOST" in told.stderr


def test_a_folder_that_cannot_be_made_is_told_at_the_start(own_settings: Settings, tmp_path: Path):
    (tmp_path / "file").touch()
    for setting in ("data_dir", "reports_dir"):
        told = mlsystem(own_settings.model_copy(update={setting: tmp_path / "file" / "below"}), "demo")

        assert told.returncode == 1
        assert f"MLSYSTEM_{setting.upper()}" in told.stderr
        assert "Traceback" not in told.stderr


def test_a_folder_that_mlflow_cannot_name_is_told_at_the_start(own_settings: Settings, tmp_path: Path):
    told = mlsystem(own_settings.model_copy(update={"data_dir": tmp_path / "why?"}), "demo")

    assert told.returncode == 1
    assert "has a ? in it" in told.stderr


@pytest.mark.parametrize("task", [("up",), ("smoke",), ("replay", "--day", str(DAY))])
def test_a_task_that_is_killed_on_its_way_leaves_no_process(settings: Settings, tmp_path: Path, task: tuple[str, ...]):
    running = begin(settings, tmp_path / "log", *task)
    try:
        assert waited(lambda: len(processes_of(settings)) >= 2), (tmp_path / "log").read_text()
    finally:
        running.kill()
        running.wait()

    assert waited(lambda: not processes_of(settings), 60), processes_of(settings)
    assert not (settings.data_dir / "tools/running.json").exists()


def test_clean_refuses_while_something_runs_and_removes_nothing(own_settings: Settings):
    mark = child_processes.new_mark(child_processes.project_mark(own_settings.data_dir), "up")
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(command, env={**os.environ, child_processes.MARK: mark})
    try:
        refused = mlsystem(own_settings, "clean")
        was_there = own_settings.data_dir.exists()
    finally:
        child.kill()
        child.wait()
    cleaned = mlsystem(own_settings, "clean")

    assert (refused.returncode, was_there) == (1, True)
    assert f"such as {child.pid}; `make down`" in refused.stderr
    assert (cleaned.returncode, own_settings.data_dir.exists()) == (0, False)


def test_deploy_wants_the_server_that_up_starts(own_settings: Settings):
    told = mlsystem(own_settings, "deploy")

    assert told.returncode == 1
    assert "no Prefect server of this project answers; `make up` starts one" in told.stderr


@pytest.mark.slowest
def test_up_in_a_folder_and_at_hosts_of_all_kinds_once_and_again_and_down_without_its_file(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    folder = tmp_path / "ein Gerät [a-z] 100% {x} #1 ;&'"
    hosts = {
        "serving": "127.0.0.2",
        "consumer": "::1",
        "mlflow": "localhost",
        "prefect": "127.0.0.3",
        "prometheus": "::1",
    }
    settings = own_copy(system.settings, folder).model_copy(
        update={**own_ports(), **{f"{name}_host": host for name, host in hosts.items()}}
    )
    open_store(settings.features_dir, settings.online_dir)
    try:
        first, again = mlsystem(settings, "up"), mlsystem(settings, "up")
        other = mlsystem(settings.model_copy(update={"serving_port": free_port()}), "up")
        ready = httpx.get(f"{address(settings, 'serving').url}/readyz", timeout=60).status_code
        prometheus = address(settings, "prometheus").url
        scraped = waited(lambda: scraped_jobs(prometheus)) if HAS_PROMETHEUS else {"predictions", "consumer"}
        rules = httpx.get(f"{prometheus}/api/v1/rules").json()["data"]["groups"] if HAS_PROMETHEUS else [1]
        status = mlsystem(
            settings.model_copy(update=dict.fromkeys(("serving_host", "consumer_host"), "127.0.0.1")), "status"
        )
        heads = json.loads((settings.data_dir / "tools/running.json").read_text())["heads"]
        service = psutil.Process(heads["service"]["pid"])
        workers = service.children(recursive=True)
        service.kill()
        _, left = psutil.wait_procs(workers, timeout=60)
        (settings.data_dir / "tools/running.json").unlink()
    finally:
        down = mlsystem(settings, "down")

    assert (first.returncode, first.stderr) == (0, ""), first.stdout
    assert (again.returncode, "ran already" in again.stdout) == (0, True)
    assert (other.returncode, "with other settings (serving_port" in other.stderr) == (1, True)
    assert (ready, scraped, bool(rules)) == (200, {"predictions", "consumer"}, True)
    assert "All is well" in status.stdout
    assert (len(workers) >= settings.workers, left) == (True, []), "workers end with the service that was killed"
    assert "prefect" in down.stdout
    assert processes_of(settings) == []


def scraped_jobs(prometheus: str) -> set[str]:
    """The jobs whose target answers, once both do."""
    found = httpx.get(f"{prometheus}/api/v1/query", params={"query": "up == 1"}, timeout=60).json()["data"]["result"]
    jobs = {one["metric"]["job"] for one in found}
    return jobs if len(jobs) == 2 else set()
