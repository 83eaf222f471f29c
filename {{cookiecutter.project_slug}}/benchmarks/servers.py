"""The servers that are compared: how each is started, asked, and known to be ready."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from closed_loop import post
from mlsystem.domain import PROBLEM
from mlsystem.model_registry.tracking import tracking_uri
from mlsystem.serving.run import Running, serve_command
from mlsystem.settings import Settings, child_environment

HERE = Path(__file__).parent
DAY, NOW = PROBLEM.example.service_date, PROBLEM.example.as_of
OURS, SAME_WORK, MLFLOW = "this service", "FastAPI, same work", "mlflow models serve, predict only"


@dataclass(frozen=True)
class Rival:
    name: str
    command: list[str]
    ready_path: str
    requests: list[bytes]


def own_settings(settings: Settings, folder: Path) -> Settings:
    """The built system, read only, with a store loaded as of NOW and a log to throw away."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store

    for source in (settings.validated_dir, settings.features_dir, settings.models_dir):
        (folder / source.name).symlink_to(source.resolve())
    own = settings.model_copy(update={"data_dir": folder, "workers": 1})
    OnlineFeatures(open_store(own.features_dir, own.online_dir)).materialise(NOW)
    return own


def real_requests(settings: Settings) -> tuple[list[bytes], list[bytes]]:
    """What is asked in the hour after NOW: as questions to us, and as rows for MLflow's server."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store
    from mlsystem.replay.replay import as_request
    from mlsystem.replay.timeline import questions_of

    asked = [one for one in questions_of(DAY, settings.validated_dir) if NOW <= one.as_of < NOW + timedelta(hours=1)]
    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir, register=False))
    rows = [PROBLEM.model_row(one, known.values) for one, known in zip(asked, online.lookup(asked), strict=True)]
    rows = [[None if value != value else value for value in row] for row in rows]
    frames = [{"dataframe_split": {"columns": list(PROBLEM.model_columns), "data": [row]}} for row in rows]
    questions = [post("/predict", json.dumps(as_request(one)).encode()) for one in asked]
    return questions, [post("/invocations", json.dumps(frame).encode()) for frame in frames]


def rivals(settings: Settings, questions: list[bytes], rows: list[bytes]) -> list[Rival]:
    from mlsystem.model_registry.registry import CHAMPION, REGISTERED_MODEL

    python, script = sys.executable, str(HERE / "rivals.py")
    bento = [python, "-m", "bentoml", "serve", "--port", "PORT"]
    model = f"models:/{REGISTERED_MODEL}@{CHAMPION}"
    mlflow = [python, "-m", "mlflow", "models", "serve", "-m", model, "-p", "PORT", "--env-manager", "local", "-w", "1"]
    return [
        Rival("nothing (what the caller costs)", [python, script, "nothing", "PORT"], "/", questions),
        Rival("BentoML, no work", [*bento, "bento_rivals:Nothing"], "/readyz", questions),
        Rival(OURS, serve_command(settings), "/readyz", questions),
        Rival("this service, adaptive batches", [*bento, "bento_rivals:Batching"], "/readyz", questions),
        Rival(SAME_WORK, [python, script, "same_work", "PORT"], "/readyz", questions),
        Rival(MLFLOW, mlflow, "/ping", rows),
    ]


@contextmanager
def serving(rival: Rival, settings: Settings) -> Iterator[int]:
    """The rival's port, once it answers; each has metrics and a BentoML home of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = settings.data_dir / "rivals" / str(port)
    (home / "metrics").mkdir(parents=True)
    own = settings.model_copy(update={"serving_port": port})
    command = [str(port) if part == "PORT" else part for part in rival.command]
    command = serve_command(own) if rival.name == OURS else command
    folders = {"BENTOML_HOME": str(home), "PROMETHEUS_MULTIPROC_DIR": str(home / "metrics")}
    tracking = {"MLFLOW_TRACKING_URI": tracking_uri(settings.models_dir), "OMP_NUM_THREADS": "1"}
    with (home / "log").open("wb") as log:
        environment = child_environment(own, **folders, **tracking)
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])  # for mlflow
        process = subprocess.Popen(command, env=environment, cwd=HERE, stdout=log, stderr=log, start_new_session=True)
    running = Running(f"http://127.0.0.1:{port}", home / "log", process)
    try:
        wait_until_it_answers(running, rival.ready_path)
        yield port
    finally:
        running.stop()
        shutil.rmtree(home, ignore_errors=True)


def wait_until_it_answers(running: Running, path: str) -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            urllib.request.urlopen(f"{running.url}{path}", timeout=5).close()
            return
        except OSError as problem:
            if time.monotonic() > deadline or running.process.poll() is not None:
                raise RuntimeError(f"{problem}\n{running.log_path.read_text()[-2000:]}") from problem
            time.sleep(0.2)
