"""How fast the service answers, beside other ways to serve the same model: `python benchmarks/serving.py`.

One worker each, so that servers are compared and not core counts; the same caller for all; rounds in turns and in
random order, so that what else the machine does falls on all alike. Writes reports/serving_benchmark.json.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from closed_loop import closed_loop, post

from mlsystem.settings import Settings, child_environment, configure_tools, load_settings

HERE = Path(__file__).parent
DAY, NOW = date(2013, 11, 5), datetime(2013, 11, 5, 19, tzinfo=UTC)
CONCURRENCY = 8
MOST_TIMES_FASTAPI = 1.3
OURS, SAME_WORK, MLFLOW = "this service", "FastAPI, same work", "mlflow models serve, predict only"


@dataclass(frozen=True)
class Rival:
    name: str
    command: list[str]
    ready_path: str
    requests: list[bytes]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    settings = load_settings()
    configure_tools(settings)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        own = own_settings(settings, Path(folder))
        questions, rows = real_requests(own)
        ports = {rival.name: servers.enter_context(serving(rival, own)) for rival in rivals(own, questions, rows)}
        asked = {rival.name: rival.requests for rival in rivals(own, questions, rows)}
        report = measure(ports, asked, options.rounds, options.seconds)
    settings.reports_dir.mkdir(parents=True, exist_ok=True)
    (settings.reports_dir / "serving_benchmark.json").write_text(json.dumps(report, indent=2) + "\n")
    print_table(report)
    return 0 if report["is_fast_enough"] else 1


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
    """The flights that are predicted in the hour after NOW: as questions to us, and as rows for MLflow's server."""
    from mlsystem.domain.request import MODEL_COLUMNS, model_row
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store
    from mlsystem.flows.replay import as_request, flights_of

    flights = [flight for _, flight in flights_of(DAY, settings.validated_dir)]
    flights = [flight for flight in flights if NOW <= flight.as_of < NOW + timedelta(hours=1)]
    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir, register=False))
    stored = online.lookup(flights, [flight.as_of for flight in flights])
    rows = [model_row(flight, one.values) for flight, one in zip(flights, stored, strict=True)]
    rows = [[None if value != value else value for value in row] for row in rows]
    frames = [{"dataframe_split": {"columns": list(MODEL_COLUMNS), "data": [row]}} for row in rows]
    questions = [post("/predict", json.dumps(as_request(flight)).encode()) for flight in flights]
    return questions, [post("/invocations", json.dumps(frame).encode()) for frame in frames]


def rivals(settings: Settings, questions: list[bytes], rows: list[bytes]) -> list[Rival]:
    from mlsystem.model_registry.registry import CHAMPION, REGISTERED_MODEL
    from mlsystem.serving.run import serve_command

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
    from mlsystem.serving.run import Running, serve_command

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = settings.data_dir / "rivals" / str(port)
    (home / "metrics").mkdir(parents=True)
    own = settings.model_copy(update={"serving_port": port})
    command = [str(port) if part == "PORT" else part for part in rival.command]
    command = serve_command(own) if rival.name == OURS else command
    folders = {"BENTOML_HOME": str(home), "PROMETHEUS_MULTIPROC_DIR": str(home / "metrics")}
    tracking = {"MLFLOW_TRACKING_URI": settings.tracking_uri, "OMP_NUM_THREADS": "1"}
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


def wait_until_it_answers(running, path: str) -> None:  # type: ignore[no-untyped-def]
    import urllib.error
    import urllib.request

    deadline = time.monotonic() + 180
    while True:
        try:
            urllib.request.urlopen(f"{running.url}{path}", timeout=5).close()
            return
        except OSError as problem:
            if time.monotonic() > deadline or running.process.poll() is not None:
                raise RuntimeError(f"{problem}\n{running.log_path.read_text()[-2000:]}") from problem
            time.sleep(0.2)


def measure(ports: dict[str, int], asked: dict[str, list[bytes]], rounds: int, seconds: float) -> dict:
    """Medians over rounds. The first, unmeasured second of each warms it up."""
    found: dict[str, list[list[float]]] = {name: [] for name in ports}
    for name, port in ports.items():
        asyncio.run(closed_loop(port, asked[name], CONCURRENCY, 1))
    for _ in range(rounds):
        for name in random.sample(list(ports), len(ports)):
            found[name].append(asyncio.run(closed_loop(ports[name], asked[name], CONCURRENCY, seconds)))
    servers = {name: summary(runs, seconds) for name, runs in found.items()}
    times_fastapi = servers[OURS]["p50_ms"] / servers[SAME_WORK]["p50_ms"]
    times_mlflow = servers[OURS]["p50_ms"] / servers[MLFLOW]["p50_ms"]
    return {
        "concurrency": CONCURRENCY,
        "rounds": rounds,
        "seconds": seconds,
        "workers": 1,
        "servers": servers,
        "p50_times_fastapi": round(times_fastapi, 2),
        "p50_times_mlflow": round(times_mlflow, 3),
        "is_fast_enough": times_fastapi <= MOST_TIMES_FASTAPI and times_mlflow < 1,
    }


def summary(runs: list[list[float]], seconds: float) -> dict[str, float]:
    def median_ms(share: float) -> float:
        return statistics.median(sorted(run)[int(share * len(run))] for run in runs) * 1000

    rps = statistics.median(len(run) / seconds for run in runs)
    return {"p50_ms": round(median_ms(0.5), 2), "p99_ms": round(median_ms(0.99), 2), "rps": round(rps)}


def print_table(report: dict) -> None:
    print(f"{'server, one worker, ' + str(CONCURRENCY) + ' callers':36}{'p50 ms':>9}{'p99 ms':>9}{'per s':>8}")
    for name, row in report["servers"].items():
        print(f"{name:36}{row['p50_ms']:9.2f}{row['p99_ms']:9.2f}{row['rps']:8,}")
    print(f"{report['p50_times_fastapi']} x FastAPI's p50 (limit {MOST_TIMES_FASTAPI}), ", end="")
    print(f"{report['p50_times_mlflow']} x that of mlflow models serve (limit 1)")


if __name__ == "__main__":
    sys.exit(main())
