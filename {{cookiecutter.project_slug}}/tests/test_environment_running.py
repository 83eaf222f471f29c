"""A hostile environment, continued: folders, hosts, signals, proxies, each met by the cheapest task."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import hostile
from mlsystem import child_processes
from mlsystem.addresses import service_url
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.store import open_store
from mlsystem.settings import ROOT, Settings, child_environment
from questions import DAY
from serving_probe import own_copy
from up_probe import own_ports, processes_of, waited

ONE_DAY = ("--from", str(DAY), "--to", str(DAY))
DEAD = "http://127.0.0.1:43999"  # nobody listens there
PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), DEAD)
FOLDERS = ["a blank", "ümlaut 飛", "[a-z]", "100% %41", "{x} {{y}}", "*", "#1 ;&'$HOME"]
HOSTS = ["127.0.0.1", "localhost", "::1", "127.0.0.2", "0.0.0.0", "::"]
NEVER_HOSTS = {
    "a name that nobody knows": "nobody.invalid",
    "another machine's": "192.0.2.7",
    "no host at all": "not a host",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> hostile.Place:
    return hostile.copy_project(tmp_path_factory.mktemp("project"))


@pytest.mark.slow
def test_with_the_copied_example_a_day_is_taken_in_where_it_is_without_one(place: hostile.Place, tmp_path: Path):
    shutil.rmtree(place.data / "2_validated", ignore_errors=True)
    shutil.copy2(place.root / ".env.example", place.root / ".env")
    try:
        told = place.run("ingest", *ONE_DAY, cwd=tmp_path)
    finally:
        (place.root / ".env").unlink()

    assert (told.status, told.left) == (0, []), told.words
    assert list((place.data / "2_validated" / PROBLEM.asked_of).rglob("*.parquet"))
    assert list(tmp_path.iterdir()) == [], "its relative folders are the project's"


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_any_name_is_a_folder(place: hostile.Place, name: str):
    told = place.run("status", MLSYSTEM_DATA_DIR=f"odd/{name}/data", MLSYSTEM_REPORTS_DIR=f"odd/{name}/reports")

    assert (told.status, told.left) == (0, []), told.words
    assert (place.root / "odd" / name / "reports/status.html").exists()
    assert (place.root / "odd" / name / "data/tools").is_dir()


@pytest.mark.slow
def test_a_day_is_taken_in_in_a_folder_of_all_these_names_at_once(place: hostile.Place):
    told = place.run("ingest", *ONE_DAY, MLSYSTEM_DATA_DIR="/".join(["odd", *FOLDERS]))

    assert (told.status, told.left) == (0, []), told.words


@pytest.mark.parametrize(
    ("variable", "kind"),
    [
        ("MLSYSTEM_DATA_DIR", "a file"),
        ("MLSYSTEM_DATA_DIR", "read only"),
        ("MLSYSTEM_DATA_DIR", "full"),
        ("MLSYSTEM_REPORTS_DIR", "a file"),
        ("MLSYSTEM_REPORTS_DIR", "read only"),
    ],
)
def test_a_folder_that_takes_nothing_is_told_at_the_start(place: hostile.Place, tmp_path: Path, variable, kind):
    with hostile.unwritable_folder(kind, tmp_path) as folder:
        told = place.run("ingest", *ONE_DAY, **{variable: str(folder)})

    assert (told.status, told.left, told.files) == (1, [], set())
    assert len(told.words.strip().splitlines()) == 1, told.words
    assert f"set {variable} to" in told.words


@pytest.mark.parametrize("host", HOSTS)
def test_a_server_is_looked_for_at_whatever_host_it_has(place: hostile.Place, host: str):
    told = place.run("status", MLSYSTEM_SERVING_HOST=host, MLSYSTEM_CONSUMER_HOST=host)

    assert (told.status, told.left) == (0, []), told.words
    assert "Nothing is running" in told.words


@pytest.mark.parametrize("row", NEVER_HOSTS)
def test_a_host_at_which_nobody_can_listen_is_told_at_the_start(place: hostile.Place, row: str):
    told = place.run("consume", MLSYSTEM_CONSUMER_HOST=NEVER_HOSTS[row])

    assert (told.status, told.left, told.files) == (1, [], set())
    assert len(told.words.strip().splitlines()) == 1, told.words
    assert f"consumer cannot listen on {NEVER_HOSTS[row]}" in told.words
    assert "MLSYSTEM_CONSUMER_HOST" in told.words


@pytest.mark.parametrize("name", ["TERM", "HUP", "INT", "KILL"])
def test_a_task_that_a_signal_ends_leaves_no_process_and_goes_on_the_next_time(place: hostile.Place, name: str):
    """`ingest` is the cheapest task with a child: Prefect's server."""
    environment = {**os.environ, "PYTHONPATH": str(place.root / "src"), **hostile.PORTS}
    command, both = [sys.executable, "-m", "mlsystem", "ingest", *ONE_DAY], subprocess.STDOUT
    running = subprocess.Popen(command, cwd=place.root, env=environment, stdout=subprocess.PIPE, stderr=both)
    children = child_processes.project_mark(place.data)
    try:
        assert waited(lambda: child_processes.marked(children) or running.poll() is not None)
        assert running.poll() is None, "it ended before the signal"
        running.send_signal(getattr(signal, f"SIG{name}"))
        words = running.communicate(timeout=60)[0].decode()
    finally:
        running.kill()
        running.wait()

    assert waited(lambda: not child_processes.marked(children), 60)
    assert "Traceback" not in words
    if name == "INT":
        assert (running.returncode, "run it again and it goes on from here" in words) == (130, True)


@pytest.mark.skipif(os.name == "nt", reason="there a signal is not ignored by a parent's leave")
def test_tests_under_nohup_in_the_background_start_what_can_be_stopped():
    looks = "import signal; print(signal.getsignal(signal.SIGINT).__name__, signal.getsignal(signal.SIGHUP).name)"
    tests = f"import conftest, subprocess, sys; subprocess.run([sys.executable, '-c', {looks!r}], check=True)"
    shell = ["sh", "-c", 'trap \'\' HUP INT; exec "$0" -c "$1"', sys.executable, tests]

    told = subprocess.run(shell, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)

    assert (told.stdout, told.stderr) == ("default_int_handler SIG_DFL\n", "")


@pytest.mark.slowest
def test_behind_a_dead_proxy_a_system_comes_up_and_is_seen_asked_and_stopped(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    settings = own_copy(system.settings, tmp_path / "data").model_copy(update=own_ports())
    open_store(settings.features_dir, settings.online_dir)
    try:
        up = behind_proxies(settings, "up")
        seen = [one.environ() for one in processes_of(settings)]
        status, smoke = behind_proxies(settings, "status"), behind_proxies(settings, "smoke")
        jobs = httpx.get(f"{service_url(settings)}/metrics", trust_env=False, timeout=60).status_code
    finally:
        down = behind_proxies(settings, "down")

    assert [(one.returncode, one.stderr) for one in (up, status, smoke, down)] == [(0, "")] * 4, up.stdout + up.stderr
    assert "Nothing is running" not in status.stdout
    assert ("answered" in smoke.stdout, "starting the service" in smoke.stdout, jobs) == (True, False, 200)
    assert "stopping" in down.stdout
    assert [name for one in seen for name in one if name.lower().endswith("_proxy") and one[name] != "*"] == []
    assert seen
    assert processes_of(settings) == []


def behind_proxies(settings: Settings, *task: str) -> subprocess.CompletedProcess:
    environment = child_environment(settings) | PROXIES
    for name in ("no_proxy", "NO_PROXY"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "mlsystem", *task]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=400)
