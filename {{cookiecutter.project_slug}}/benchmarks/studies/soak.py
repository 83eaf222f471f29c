"""What grows while the system runs: `python benchmarks/studies/soak.py --minutes 30` (`make demo` first).

Plays the year in intervals of 30 minutes, over and over, through a service and a consumer of its own, in a folder of
its own. Every 30 seconds it looks at each process's memory and open files, and at each folder that is written to.
After a warm-up it fits a line through each: what it prints grows, grows; ends with 1 if something without a bound does.
"""

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import psutil

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.flows.replay_days import play, state_of
from mlsystem.replay.replay import Replayed, Span
from mlsystem.serving.run import running_service
from mlsystem.settings import ROOT, Settings, child_environment, configure_tools, load_settings

EVERY_SECONDS = 30.0
WARM_UP = 1 / 3  # of the time: pools fill, and each process meets its first hours
GROWTH = 0.05  # of the mean, over what was measured, that counts as growing
SIGMAS = 3.0  # and the slope must be that many of its standard errors: memory goes up and down by itself
BOUNDED = {  # what grows towards a bound of its own
    "prediction log, MB": "as much as settings.prediction_log_files of 64 MB hold, the oldest go first",
    "event log, MB": "what windows reach back to and 3 days (streaming/event_classification.py REMEMBERED)",
}
METRICS = "metrics"  # where the workers count
KEPT = ("validated_dir", "features_dir", "models_dir")


class Over(Exception):
    """The time is up."""


@dataclass
class Samples:
    """One row for each look: seconds since the start, and every measure by name."""

    rows: list[dict[str, float]] = field(default_factory=list)
    replays: int = 0
    counts: Replayed = field(default_factory=Replayed)

    def add(self, seconds: float, found: Mapping[str, float]) -> None:
        self.rows.append({"seconds": seconds, **found})

    def after(self, seconds: float) -> list[dict[str, float]]:
        return [row for row in self.rows if row["seconds"] >= seconds]


def measures(settings: Settings, groups: Mapping[str, int]) -> dict[str, float]:
    """Memory in MB and open files of each group of processes, and what each folder holds in MB."""
    found: dict[str, float] = {}
    for name, pid in groups.items():
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                memory = process.memory_full_info()
                for what, value in (("RSS, MB", memory.rss / 1e6), ("PSS, MB", memory.pss / 1e6)):
                    found[f"{name} {what}"] = found.get(f"{name} {what}", 0.0) + value
                found[f"{name} open files"] = found.get(f"{name} open files", 0) + process.num_fds()
    home = settings.data_dir / "tools" / f"serving-{settings.serving_port}"
    folders = {
        "prediction log, MB": settings.predictions_dir,
        "event log, MB": settings.stream_dir,
        "online store, MB": settings.online_dir,
        "metrics files, MB": home / METRICS,
    }
    found |= {name: sum(path.stat().st_size for path in _files(folder)) / 1e6 for name, folder in folders.items()}
    return found | {
        "metrics files": float(len(_files(home / METRICS))),
        "service log, MB": (home / "service.log").stat().st_size / 1e6,
    }


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def growth(rows: list[dict[str, float]]) -> list[tuple[str, float, float, float, bool]]:
    """For each measure: first and last of its line, slope per minute, and whether it grows."""
    minutes = np.array([row["seconds"] for row in rows]) / 60
    centred = minutes - minutes.mean()
    found = []
    for name in rows[0]:
        if name == "seconds":
            continue
        values = np.array([row.get(name, np.nan) for row in rows])
        slope = float((centred * values).sum() / (centred**2).sum())
        line = values.mean() + slope * centred
        error = float(np.sqrt(((values - line) ** 2).sum() / max(1, len(rows) - 2) / (centred**2).sum()))
        rise = line[-1] - line[0]
        grows = bool(rise > GROWTH * abs(values.mean()) and slope > SIGMAS * error)
        found.append((name, float(line[0]), float(line[-1]), slope, grows))
    return found


def table(found: list[tuple[str, float, float, float, bool]]) -> str:
    lines = ["| measure | after the warm-up | at the end | per minute | grows |", "|---|---|---|---|---|"]
    for name, first, last, slope, grows in found:
        said = "no" if not grows else f"to a bound: {BOUNDED[name]}" if name in BOUNDED else "**yes**"
        lines.append(f"| {name} | {first:,.1f} | {last:,.1f} | {slope:+.3f} | {said} |")
    return "\n".join(lines)


@contextmanager
def consuming(settings: Settings) -> Iterator[int]:
    """The consumer as a process of its own."""
    command = [sys.executable, "-m", "mlsystem", "consume"]
    with subprocess.Popen(command, cwd=ROOT, env=child_environment(settings), stdout=subprocess.DEVNULL) as process:
        while not _serves(settings.consumer_port):  # it has the log's lock then; importing Feast takes 7 s and more
            if process.poll() is not None:
                raise SystemExit("the consumer ended; its reason stands above")
            time.sleep(0.2)
        try:
            yield process.pid
        finally:
            process.terminate()


def _serves(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def soak(settings: Settings, minutes: float, samples: Samples) -> None:
    """Play and look until the time is up."""
    with running_service(settings) as running, consuming(settings) as consumer:
        groups, started, over = (
            {"service": running.process.pid, "consumer": consumer},
            time.monotonic(),
            threading.Event(),
        )

        def look() -> None:
            while not over.wait(EVERY_SECONDS):
                samples.add(time.monotonic() - started, measures(settings, groups))

        looking = threading.Thread(target=look, daemon=True)
        looking.start()

        def until(_: datetime, counts: Replayed) -> None:
            samples.counts = counts
            if time.monotonic() - started > minutes * 60:
                raise Over

        span = Span(
            settings.first_day + timedelta(days=5), settings.last_day - timedelta(days=1), timedelta(minutes=30)
        )
        with suppress(Over):
            while True:
                play.fn(span, settings, None, until)
                state_of(settings).drop()  # the year from its beginning once more
                samples.replays += 1
        over.set()
        looking.join()


def own_settings(folder: Path) -> Settings:
    """The built system's data and model, with a store, logs and ports of one's own."""
    built = load_settings()
    folder.mkdir(parents=True)
    for name in KEPT:
        (folder / getattr(built, name).name).symlink_to(getattr(built, name).resolve())
    shutil.copytree(built.online_dir, folder / built.online_dir.name)
    return built.model_copy(
        update={"data_dir": folder, "reports_dir": folder, "serving_port": 3950, "consumer_port": 3951}
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    reports, samples = load_settings().reports_dir, Samples()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        settings = own_settings(Path(folder) / "data")
        configure_tools(settings)
        soak(settings, minutes, samples)
    found = growth(samples.after(minutes * 60 * WARM_UP))
    counts = samples.counts
    played = f"{samples.replays} whole years and {counts.questions:,} {PROBLEM.words.questions} of another"
    asked = f"{counts.requests:,} requests, {counts.errors} errors"
    print(f"{minutes:g} minutes, {len(samples.rows)} looks; {played} in {asked}\n\n{table(found)}")
    storage.write_text(
        reports / "soak.json", json.dumps({"minutes": minutes, "samples": samples.rows}, indent=1) + "\n"
    )
    return any(grows and name not in BOUNDED for name, *_, grows in found)


if __name__ == "__main__":
    sys.exit(main())
