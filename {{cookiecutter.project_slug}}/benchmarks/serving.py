"""How fast the service answers, beside other ways to serve the same model: `python benchmarks/serving.py`.

One worker each, so that servers are compared and not core counts; the same caller for all; rounds in turns and in
random order, so that what else the machine does falls on all alike. Writes reports/serving_benchmark.json.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from closed_loop import closed_loop
from mlsystem.settings import configure_tools, load_settings
from servers import MLFLOW, OURS, SAME_WORK, own_settings, real_requests, rivals, serving

CONCURRENCY = 8
MOST_TIMES_FASTAPI = 1.3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    settings = load_settings()
    configure_tools(settings)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        own = own_settings(settings, Path(folder))
        questions, rows = real_requests(own)
        compared = rivals(own, questions, rows)
        ports = {rival.name: servers.enter_context(serving(rival, own)) for rival in compared}
        asked = {rival.name: rival.requests for rival in compared}
        report = measure(ports, asked, options.rounds, options.seconds)
    settings.reports_dir.mkdir(parents=True, exist_ok=True)
    (settings.reports_dir / "serving_benchmark.json").write_text(json.dumps(report, indent=2) + "\n")
    print_table(report)
    return 0 if report["is_fast_enough"] else 1


def measure(ports: dict[str, int], asked: dict[str, list[bytes]], rounds: int, seconds: float) -> dict:
    """Medians over rounds. The first, unmeasured second of each warms it up."""
    found: dict[str, list[list[float]]] = {name: [] for name in ports}
    for name, port in ports.items():
        asyncio.run(closed_loop(port, asked[name], CONCURRENCY, 1))
    for _ in range(rounds):
        for name in random.sample(list(ports), len(ports)):
            found[name].append(asyncio.run(closed_loop(ports[name], asked[name], CONCURRENCY, seconds)))
    servers = {name: summary(runs, seconds) for name, runs in found.items()}
    times_fastapi, times_mlflow = (times(found[OURS], found[rival]) for rival in (SAME_WORK, MLFLOW))
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


def times(ours: list[list[float]], theirs: list[list[float]]) -> float:
    """Our p50 over theirs: the median of the rounds' own ratios, for a slow moment falls on a whole round."""
    return statistics.median(statistics.median(a) / statistics.median(b) for a, b in zip(ours, theirs, strict=True))


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
