"""A new champion under load: nobody is refused, no answer mixes two models, and a bad one is left where it is."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlsystem.domain import PROBLEM
from mlsystem.model_registry import promotions, registry, tracking
from mlsystem.serving.run import START_SECONDS, Running, running_service, serve_command
from mlsystem.settings import ROOT, Settings, child_environment
from questions import EXAMPLE, as_said, asked_at_now
from registry_probe import own_registry
from serving_probe import answers, ask, metric, scrape, send, wait_until
from steady_load import Load, TimedAnswer, capacity, post, quantile

pytestmark = pytest.mark.slow

ROUNDS = 3
MOVES = (  # what, how, and who answered before
    ("promote 2", "promotion of the challenger, from the shadow", "1"),
    ("rollback -", "rollback", "2"),
    ("promote 4", "promotion of another version, loaded", "1"),
    ("rollback -", "rollback", "4"),
)
SETTLED_SECONDS = 5.0
QUESTIONS = 8
WAITING_MOVER = """
import sys, time
from pathlib import Path
from mlsystem.model_registry import promotions, registry
models = Path(sys.argv[1])
registry.load_champion(models)
for line in sys.stdin:
    kind, version = line.split()
    champion = registry.aliases(models).get("champion")
    if kind == "challenge":
        registry.tracking.client(registry.tracking.tracking_uri(models)).set_registered_model_alias(
            registry.REGISTERED_MODEL, registry.CHALLENGER, version
        )
    elif kind == "promote":
        promotions.promote(models, version, champion, "a test", "under load", {})
    else:
        promotions.rollback(models, "a test", "under load")
    print(time.time(), flush=True)
"""


@pytest.fixture(scope="module")
def swapping(make_settings: Callable[[], Settings]) -> Iterator[tuple[Settings, Running]]:
    settings = own_registry(make_settings())
    with running_service(settings) as running:
        yield settings, running


@pytest.fixture
def mover(swapping: tuple[Settings, Running]) -> Iterator[Callable[[str], float]]:
    """Moves the alias from a process that has everything imported; returns when it was moved."""
    settings, _ = swapping
    command = [sys.executable, "-W", "ignore", "-c", WAITING_MOVER, str(settings.models_dir)]
    environment = child_environment(settings) | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def move(what: str) -> float:
            process.stdin.write(f"{what}\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield move
        process.stdin.close()


@pytest.fixture
def champion(swapping: tuple[Settings, Running]) -> Iterator[str]:
    """Version 1, which both workers answer with: so before the test, and put back after it, whatever became of it."""
    settings, running = swapping

    def put_back() -> None:
        client = tracking.client(tracking.tracking_uri(settings.models_dir))
        for alias in (registry.CHAMPION, registry.CHALLENGER):
            client.set_registered_model_alias(registry.REGISTERED_MODEL, alias, "1")
        wait_for(running, "1")
        assert wait_until(lambda: not any(said["refused"] for said in models_of(running))), models_of(running)

    put_back()
    yield "1"
    put_back()


def expected(settings: Settings) -> dict[str, list[float]]:
    """By version the probability of each question, computed here and not by the service."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store

    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir, register=False))
    questions = [as_said(body) for body in asked_at_now(settings, QUESTIONS)]
    stored = online.lookup(questions)
    matrix = np.array([PROBLEM.model_row(one, known.values) for one, known in zip(questions, stored, strict=True)])
    uri = tracking.tracking_uri(settings.models_dir)
    models = {version: registry.load_version(uri, version) for version in ("1", "2", "4")}
    return {version: [float(model.predict(row[None])[0]) for row in matrix] for version, model in models.items()}


def version_of(one: TimedAnswer) -> str:
    return str(one.content["predictions"][0]["model_version"])


@pytest.mark.slowest
def test_a_promotion_and_a_rollback_under_load_fail_no_request_and_mix_no_answer(swapping, champion, mover, measured):
    settings, running = swapping
    known = expected(settings)
    assert all(abs(a - b) > 1e-6 for a, b in zip(known["1"], known["2"], strict=True)), "the versions must differ"
    requests = [post({"questions": [one]}) for one in asked_at_now(settings, QUESTIONS)]
    able = capacity(settings.serving_port, requests)
    swapped = metric(scrape(running), "model_swaps_total", result="swapped")

    moves = []
    with Load(settings.serving_port, requests, able / 2) as load:
        for what, how, old in MOVES * ROUNDS:
            if what == "promote 2":
                mover("challenge 2")
            time.sleep(SETTLED_SECONDS)
            moves.append((how, old, mover(what)))
            wait_for(running, what.split()[1].replace("-", "1"))  # both workers: else a busy one skips a version
        time.sleep(SETTLED_SECONDS)

    assert load.errors == []
    assert {one.status for one in load.answers} == {200}
    for one in load.answers:
        (answer,) = one.content["predictions"]
        assert answer["probability"] == pytest.approx(known[answer["model_version"]][one.asked], abs=1e-12)
    for move in moves:
        measured("swap", rate=able / 2, answers=len(load.answers), **swap_figures(load, *move))
    text = scrape(running)
    assert metric(text, "model_swaps_total", result="swapped") - swapped == 2 * len(moves)  # two workers
    assert metric(text, "model_info", version="1") == 1
    assert metric(text, "model_info", version="2") == 0


def swap_figures(load: Load, what: str, old: str, moved: float) -> dict[str, Any]:
    """Seconds until the last answer of the old version; p99 before, and from the move to a second after that."""
    around = load.between(moved - 2, moved + SETTLED_SECONDS - 0.5)
    last_old = max(one.sent_at for one in around if version_of(one) == old)
    before = quantile(load.between(moved - 2, moved), 0.99)
    during = quantile(load.between(moved, max(last_old, moved) + 1), 0.99)
    return {"move": what, "seconds": last_old - moved, "p99_before": before, "p99_during": during}


def test_a_large_request_is_answered_by_one_model_from_its_first_row_to_its_last(swapping, champion):
    settings, running = swapping
    promotions.promote(settings.models_dir, "2", champion, "a test", "a large request", {})

    def asked() -> set[str]:
        return {answer["model_version"] for answer in answers(running, *[EXAMPLE] * 400)}

    seen = [asked() for _ in range(10)]
    assert wait_until(lambda: seen.append(asked()) or "2" in seen[-1]), "nobody took version 2 up"

    assert {len(versions) for versions in seen} == {1}


def test_a_version_that_cannot_be_loaded_is_refused_and_the_old_one_goes_on(swapping, champion):
    settings, running = swapping
    refused = metric(scrape(running), "model_swaps_total", result="refused")
    client = tracking.client(tracking.tracking_uri(settings.models_dir))

    client.set_registered_model_alias(registry.REGISTERED_MODEL, registry.CHAMPION, "3")  # past every check of ours
    refusals = wait_until(lambda: [said for said in models_of(running) if said["refused"]])

    assert refusals, "no worker refused it"
    assert {said["version"] for said in refusals} == {champion}
    assert all("is not the file that was logged" in said["refused"] for said in refusals)
    assert answers(running, EXAMPLE)[0]["model_version"] == champion
    assert wait_until(lambda: metric(scrape(running), "model_swaps_total", result="refused") >= refused + 2)
    assert metric(scrape(running), "model_info", version=champion) == 1


def test_rollback_is_one_command_and_takes_seconds(swapping, champion, measured):
    settings, running = swapping
    other = "2"
    promotions.promote(settings.models_dir, other, champion, "a test", "to be taken back", {})
    wait_for(running, other)

    started = time.monotonic()
    command = [sys.executable, "-m", "mlsystem", "rollback", "--why", "a test of the command"]
    done = subprocess.run(
        command, cwd=ROOT, env=child_environment(settings), capture_output=True, text=True, check=False
    )
    commanded = time.monotonic() - started
    wait_for(running, champion)

    measured("rollback", command=commanded, seconds=time.monotonic() - started)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"champion: version {champion} again, instead of {other}" in done.stdout
    assert promotions.history(settings.models_dir)[-1].why == "a test of the command"


def test_a_service_that_was_started_without_a_champion_becomes_ready_when_there_is_one(make_settings, tmp_path: Path):
    settings = own_registry(make_settings()).model_copy(update={"workers": 1})
    aside = tmp_path / "mlflow.db"
    (settings.models_dir / "mlflow.db").rename(aside)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            serve_command(settings), env=child_environment(settings), stdout=log, stderr=log, start_new_session=True
        )
    running = Running(f"http://127.0.0.1:{settings.serving_port}", tmp_path / "log", process)
    try:
        assert wait_until(lambda: (running.not_ready_because() or "").startswith("no model"), START_SECONDS)
        said = ask(running, EXAMPLE)
        about = send(running, "GET", "/model")
        os.rename(aside, settings.models_dir / "mlflow.db")  # noqa: PTH104
        assert wait_until(lambda: running.not_ready_because() is None)
        (answer,) = answers(running, EXAMPLE)
    finally:
        running.stop()

    assert (said.status, about.status) == (503, 503)
    assert "run `make train`" in said.content["error"]
    assert answer["model_version"] == "1"


def models_of(running: Running) -> list[dict]:
    """What GET /model says, often enough to have met both workers."""
    return [send(running, "GET", "/model").content for _ in range(8)]


def wait_for(running: Running, version: str) -> None:
    assert wait_until(lambda: {said["version"] for said in models_of(running)} == {version}), version
