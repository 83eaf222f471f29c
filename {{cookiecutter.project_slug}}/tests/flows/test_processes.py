"""`make up` and its kin: what is told at the start, what is left behind (nothing), and where the servers are."""

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from hostile import HEARTBEAT
from mlsystem import family
from mlsystem.addresses import SERVERS, Address, address
from mlsystem.feature_store.store import open_store
from mlsystem.settings import Settings
from serving_probe import free_port, own_copy
from up_probe import begin, mlsystem, own_ports, processes_of, waited

HAS_PROMETHEUS = shutil.which("prometheus") is not None
SOON_SECONDS = 30.0  # at the start: the imports of a busy machine, and no more


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


@pytest.mark.parametrize("task", ["up", "demo", "year", "replay", "smoke"])
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


@pytest.mark.parametrize(
    ("host", "url", "listen", "is_loopback"),
    [
        ("127.0.0.1", "http://127.0.0.1:7", "127.0.0.1:7", True),
        ("127.0.0.2", "http://127.0.0.2:7", "127.0.0.2:7", True),
        ("::1", "http://[::1]:7", "[::1]:7", True),
        ("0.0.0.0", "http://127.0.0.1:7", "0.0.0.0:7", False),
        ("::", "http://[::1]:7", "[::]:7", False),
    ],
)
def test_an_address_is_asked_and_bound_as_its_host_wants_it(host: str, url: str, listen: str, is_loopback: bool):
    at = Address(host, 7)

    assert (at.url, at.listen, at.is_loopback) == (url, listen, is_loopback)


def test_one_servers_host_opens_no_other():
    opened = Settings(serving_host="0.0.0.0")

    assert [name for name in SERVERS if not address(opened, name).is_loopback] == ["serving"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_a_port_is_free_until_somebody_listens_at_that_very_host(host: str):
    at = Address(host, free_port())
    before = at.is_free()
    with socket.create_server((host, at.port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
        assert (before, at.is_free()) == (True, False)
    assert at.is_free()


PARENT = """
import os, subprocess, sys, time
import psutil
from mlsystem import family
mark = family.new_mark("test-of-%s:", "parent")
family.watch([family.head_of(psutil.Process().pid, mark)])
sleep = "import time; time.sleep(600)"
child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{sleep}'], start_new_session=True); {sleep}"
subprocess.Popen([sys.executable, "-c", child], env={**os.environ, family.MARK: mark}, start_new_session=True)
print("ready", flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.parametrize("end", ["TERM", "HUP", "KILL", "an error", "its own end"])
def test_children_and_theirs_end_with_their_parent_however_it_ends(end: str, tmp_path: Path):
    beginning = f"test-of-{tmp_path.name}:"
    seconds = {"an error": "no number", "its own end": "2"}.get(end, "600")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT % tmp_path.name, seconds],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    if end in ("TERM", "HUP", "KILL"):
        assert waited(lambda: len(family.marked(beginning)) == 2, SOON_SECONDS)
        parent.send_signal(getattr(signal, f"SIG{end}"))
    parent.wait(SOON_SECONDS)
    parent.stdout.close()

    assert waited(lambda: not family.marked(beginning), SOON_SECONDS)


def test_nobody_is_ended_while_the_parent_lives_or_who_is_not_its_child(tmp_path: Path):
    """The guard stays quiet."""
    beginning = f"test-of-{tmp_path.name}:"
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    parent = subprocess.Popen([sys.executable, "-c", PARENT % tmp_path.name, "600"], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert waited(lambda: len(family.marked(beginning)) == 2, SOON_SECONDS)
        time.sleep(3 * family.LOOK_SECONDS)
        assert len(family.marked(beginning)) == 2
    finally:
        parent.kill()
        parent.communicate()
    assert waited(lambda: not family.marked(beginning), SOON_SECONDS)
    assert other.poll() is None
    other.kill()
    other.wait()


@pytest.mark.parametrize("task", [("up",), ("smoke",), ("replay", "--day", "2013-11-05")])
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
    mark = family.new_mark(family.project_mark(own_settings.data_dir), "up")
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(command, env={**os.environ, family.MARK: mark})
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


@pytest.mark.slow
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
        scraped = waited(lambda: scraped_jobs(prometheus)) if HAS_PROMETHEUS else {"flight_delays", "consumer"}
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
    assert (ready, scraped, bool(rules)) == (200, {"flight_delays", "consumer"}, True)
    assert "All is well" in status.stdout
    assert (len(workers) >= settings.workers, left) == (True, []), "workers end with the service that was killed"
    assert "prefect" in down.stdout
    assert processes_of(settings) == []


def scraped_jobs(prometheus: str) -> set[str]:
    """The jobs whose target answers, once both do."""
    found = httpx.get(f"{prometheus}/api/v1/query", params={"query": "up == 1"}, timeout=60).json()["data"]["result"]
    jobs = {one["metric"]["job"] for one in found}
    return jobs if len(jobs) == 2 else set()
