"""A replayed day, watched by a real Prometheus: what it scraped is what was sent, whichever worker answered."""

import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mlsystem.addresses import service_url
from mlsystem.contract.features import View
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.store import open_store
from mlsystem.flows.replay_days import Served, play
from mlsystem.metrics.serving import AGES, STAGES
from mlsystem.processes.servers import write_prometheus
from mlsystem.replay.replay import Span
from mlsystem.serving import prediction_log
from mlsystem.serving.run import running_service
from mlsystem.settings import Settings
from questions import EXPECTED, SHORTEST_LIVED, quiet_day
from serving_probe import free_port, own_copy

NEEDED = "this test needs Prometheus (Debian's package prometheus)"


@pytest.fixture(scope="module")
def settings(system, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    copied = own_copy(system.settings, tmp_path_factory.mktemp("live") / "data")
    open_store(copied.features_dir, copied.online_dir)
    return copied


@pytest.fixture(scope="module")
def watched(settings: Settings, tmp_path_factory) -> Iterator[tuple[Served, httpx.Client]]:
    """The service with two workers, a day played through it, and Prometheus's own API while both run."""
    port, folder = free_port(), tmp_path_factory.mktemp("prometheus")
    write_prometheus(settings, folder)
    config = (folder / "prometheus.yml").read_text().replace("5s", "1s")
    (folder / "prometheus.yml").write_text(config)
    if shutil.which("prometheus") is None:
        pytest.skip(NEEDED)
    command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with running_service(settings), (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
        try:
            day = quiet_day(settings)
            served = play.fn(Span(day, day), settings)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60) as client:
                deadline = time.monotonic() + 120  # for a scrape after the last answer
                while ask(client, "sum(predictions_total)") != {"": served.requests} and time.monotonic() < deadline:
                    time.sleep(0.5)
                yield served, client
        finally:
            process.terminate()
            process.wait(20)


def ask(client: httpx.Client, query: str) -> dict[str, float]:
    """Label values -> value."""
    found = client.get("/query", params={"query": query}).raise_for_status().json()["data"]["result"]
    return {",".join(one["metric"].values()): float(one["value"][1]) for one in found}


def test_prometheus_counts_what_was_sent(watched):
    served, client = watched

    assert ask(client, "sum(predictions_total)") == {"": served.requests}
    assert ask(client, "sum(http_request_duration_seconds_count{route='/predict'})") == {"": served.requests}
    assert ask(client, "sum by (stage) (prediction_stage_duration_seconds_count)") == dict.fromkeys(
        STAGES, served.requests
    )


def combinations(view: View) -> float:
    """How many keys the view can have; without a bound where a key is not chosen."""
    choices = {field.name: len(field.choices) or math.inf for field in PROBLEM.fields}
    return math.prod(choices[key] for key in view.keys)


def test_prometheus_sees_how_old_the_features_were(watched, settings: Settings):
    served, client = watched
    ticked = min((view for view in EXPECTED if view.refresh), key=combinations)  # each of its keys has a row each tick
    tick = min(age for age in AGES if age >= ticked.refresh.total_seconds())
    logged = prediction_log.read(settings.predictions_dir)["feature_ages_seconds"].to_pylist()

    answered = ask(client, "sum by (view) (feature_age_seconds_count)")
    oldest = {v.name: ask(client, f"feature_age_seconds_bucket{{view='{v.name}',le='+Inf'}}") for v in PROBLEM.views}
    within = ask(client, f"feature_age_seconds_bucket{{view='{ticked.name}',le='{tick}'}}")

    assert answered == {v.name: sum(ages[v.name] is not None for ages in logged) for v in PROBLEM.views}
    assert answered[ticked.name] == answered[SHORTEST_LIVED.name] == served.requests
    assert all(oldest.values())
    assert list(within.values()) == [served.requests]  # never older than a tick


def test_prometheus_sees_drift_for_every_input_and_the_score(watched):
    _, client = watched

    drift = ask(client, "max by (feature) (model_input_psi_ratio)")

    assert {"score", *PROBLEM.model_columns} <= set(drift)
    assert all(value >= 0 for value in drift.values())


def test_the_scrape_is_clean_by_promtools_own_check(watched, settings: Settings, tmp_path: Path):
    text = httpx.get(f"{service_url(settings)}/metrics", timeout=60).text

    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
