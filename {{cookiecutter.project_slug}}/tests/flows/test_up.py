"""A system that runs by itself: `make up`, a replayed day, `make deploy`; then nobody touches it, and it works."""

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import browser
import logs_read
from mlsystem.addresses import address, service_url
from mlsystem.domain import PROBLEM
from mlsystem.settings import Settings
from mlsystem.storage import Partitions
from questions import DAY
from serving_probe import metric
from up_probe import begin, cut_delivery, mlsystem, shadow, waited

pytestmark = pytest.mark.slow
YESTERDAY = DAY - timedelta(days=1)  # when the clock stands in the evening of DAY
QUIET_SECONDS = 120


@dataclass
class World:
    settings: Settings
    prefect: httpx.Client
    deploy_log: Path
    said: dict[str, str]
    told: str  # by `make up`

    def ask(self, path: str, **body: Any) -> list[dict[str, Any]]:
        return self.prefect.post(path, json=body).raise_for_status().json()

    def nights(self) -> list[dict[str, Any]]:
        """The runs that a schedule made, the first first."""
        flows = {flow["id"]: flow["name"] for flow in self.ask("/flows/filter")}
        runs = self.ask("/flow_runs/filter", sort="EXPECTED_START_TIME_ASC")
        return [run for run in runs if run["auto_scheduled"] and flows[run["flow_id"]] == "nightly"]

    def ended(self) -> list[dict[str, Any]]:
        """Those that did something; one that comes due while another works is cancelled."""
        return [run for run in self.nights() if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED")]

    def logs(self) -> list[Path]:
        return [*(self.settings.data_dir / "tools/logs").glob("*.log"), self.deploy_log]


@pytest.fixture(scope="module")
def world(system, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:  # type: ignore[no-untyped-def]
    """Up, a day replayed, and the deployments served with a schedule that comes due every minute."""
    folder = tmp_path_factory.mktemp("up")
    settings = shadow(system.settings, folder / "data")
    deploy_log = folder / "deploy.log"
    up = mlsystem(settings, "up")
    assert up.returncode == 0, up.stdout + up.stderr
    deploy = None
    try:
        replayed = mlsystem(settings, "replay", "--day", str(DAY), "--minutes", "30")
        deploy = begin(settings, deploy_log, "deploy", "--cron", "* * * * *")
        with httpx.Client(base_url=f"{address(settings, 'prefect').url}/api", timeout=60) as client:
            said = {"up": up.stderr, "replay": replayed.stderr, "replayed": replayed.stdout}
            yield World(settings, client, deploy_log, said, up.stdout)
    finally:
        if deploy is not None:
            deploy.terminate()
            deploy.wait(60)
        mlsystem(settings, "down")


def test_a_scheduled_night_comes_due_starts_by_itself_and_completes(world: World):
    ended = waited(world.ended)

    assert [run["state"]["type"] for run in ended[:1]] == ["COMPLETED"], world.deploy_log.read_text()[-3000:]
    assert ended[0]["parameters"] == {}, "a night has no day frozen into it"


def test_what_a_night_said_is_in_the_api_with_its_results(world: World):
    night = waited(world.ended)[0]
    parts = world.ask("/flow_runs/filter", flow_runs={"parent_flow_run_id": {"any_": [night["id"]]}})
    runs = {night["id"], *(part["id"] for part in parts)}

    # A run is completed before the last of its lines is sent: Prefect sends them by the batch.
    lines = waited(lambda: logged(world, runs, f"the night after {YESTERDAY}", "predictions"))
    made = {one["key"] for one in world.ask("/artifacts/filter", flow_runs={"id": {"any_": sorted(runs)}})}

    assert lines
    assert {"validation", "drift"} <= made


def logged(world: World, runs: set[str], *wanted: str) -> list[str]:
    """All lines of these runs, once all that is wanted is among them."""
    found = world.ask("/logs/filter", logs={"flow_run_id": {"any_": sorted(runs)}})
    lines = [one["message"] for one in found]
    return lines if all(any(one in line for line in lines) for one in wanted) else []


def test_a_task_that_a_person_starts_meanwhile_is_seen_on_the_same_server(world: World):
    before = len(monitors(world))

    looked = mlsystem(world.settings, "monitor")

    assert (looked.returncode, looked.stderr) == (0, "")
    assert len(monitors(world)) > before


def monitors(world: World) -> list[dict[str, Any]]:
    """Runs of `monitor` that no night started."""
    flows = {flow["id"]: flow["name"] for flow in world.ask("/flows/filter")}
    runs = world.ask("/flow_runs/filter")
    return [run for run in runs if flows[run["flow_id"]] == "monitor" and run["parent_task_run_id"] is None]


@pytest.mark.parametrize("name", ["prefect", "mlflow", "prometheus", "service", "consumer"])
def test_no_page_of_a_server_asks_anybody_but_that_server(world: World, tmp_path: Path, name: str):
    if name == "prometheus" and shutil.which(name) is None:
        pytest.skip("this test needs Prometheus (Debian's package has that name)")
    own = address(world.settings, {"service": "serving"}.get(name, name)).url
    link = re.search(rf"{name}: (http\S+)", world.told)

    assert link, world.told
    asked = browser.fetched(link[1], tmp_path)

    assert {one for one in asked if not one.startswith(own)} == set()
    assert any(one.startswith(own) for one in asked), "the page was asked for"


@pytest.mark.slowest
def test_through_quiet_minutes_no_process_writes_an_error_or_repeats_a_warning(world: World):
    waited(world.ended)
    time.sleep(QUIET_SECONDS)  # the measurement itself: this long nobody touches anything

    assert world.said["up"] == world.said["replay"] == ""
    assert len(world.logs()) >= 5
    assert [fault for path in world.logs() for fault in logs_read.faults(path)] == []
    assert len(world.ended()) >= 2, "the nights go on"


@pytest.mark.last
@pytest.mark.slowest
def test_a_night_whose_day_was_stopped_fails_with_the_reason_and_does_what_can_be_done(world: World):
    """From here on the nights fail, until somebody mends the delivery."""
    settings = world.settings
    published = Partitions(settings.validated_dir / PROBLEM.asked_of)
    before, rows = len(world.ended()), published.rows(YESTERDAY)
    reasons = cut_delivery(settings, YESTERDAY)

    ended = waited(lambda: [run for run in world.ended()[before:] if run["state_type"] == "FAILED"])

    reason = ended[0]["state"]["message"]
    assert any(f"1 of 1 days stopped, such as {YESTERDAY} ({one}" in reason for one in reasons), reason
    assert published.rows(YESTERDAY) == rows > 3, "what was published before stays"
    seen = waited(lambda: metric(scrape(world), "monitor_check_value", check="stopped_days"))
    assert seen == 1, "the monitor looked, after the day was stopped"


def scrape(world: World) -> str:
    return httpx.get(f"{service_url(world.settings)}/metrics", timeout=60).text


def test_an_error_in_the_logs_would_be_found(tmp_path: Path):
    log = tmp_path / "prefect.log"
    log.write_text(
        "05:08:19.577 | ERROR   | prefect.server.services - Unexpected error: Can't evaluate bulk DML statement\n"
        + "".join(f"05:08:{second} | WARNING | prefect - slow\n" for second in range(10, 14))
        + "05:09:00 | WARNING | prefect - once\n"
    )

    found = logs_read.faults(log)

    assert len(found) == 2
    assert "bulk DML" in found[0]
    assert "4 times" in found[1]
