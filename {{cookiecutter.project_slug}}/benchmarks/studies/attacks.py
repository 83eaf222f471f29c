"""The service under attack, beside an honest caller: 8 minutes, written into docs/studies/attacks.md.

Passes if no answer is a 5xx, no worker is lost, the honest caller's p99 is at most twice what it is in quiet,
measured right before, and memory grows by less than 100 MB. Exits 1 if not. A row that fails by time alone is
measured up to twice more: other programs on the machine are no attack.
"""

import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from attack_kinds import GOOD, KINDS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from mlsystem import storage
from mlsystem.serving.run import Running, running_service
from mlsystem.settings import ROOT, Settings, configure_tools, load_settings
from servers import own_settings

SECONDS, QUIET_SECONDS, HONEST_PAUSE, TRIES = 5.0, 4.0, 0.02, 3
MOST_RATIO, MOST_MB = 2.0, 100.0
PAGE = ROOT / "docs/studies/attacks.md"
Surroundings = Callable[[Settings, Running], AbstractContextManager[None]]


class Honest:
    """Asks one good question after the other, on a new connection each, and keeps what it got and how long it took."""

    def __init__(self, port: int) -> None:
        self.statuses: Counter = Counter()
        self.milliseconds: list[float] = []
        self._port = port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.wait(HONEST_PAUSE):
            started = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            try:
                connection.request("POST", "/predict", GOOD, {"content-type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                self.statuses[str(answer.status)] += 1
            except OSError:
                self.statuses["no answer"] += 1
            finally:
                connection.close()
            self.milliseconds.append((time.perf_counter() - started) * 1000)

    def __enter__(self) -> "Honest":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def p99(self) -> float:
        return float(np.quantile(self.milliseconds, 0.99))


@dataclass
class Row:
    """One attack: what the attacker got, and what it did to others."""

    name: str
    got: Counter
    honest: Counter
    ratio: float
    p99: float
    lost: int
    grown_mb: float

    @property
    def errors(self) -> int:
        everything = self.got + self.honest
        return sum(count for status, count in everything.items() if status.startswith("5"))

    @property
    def is_withstood(self) -> bool:
        return self.is_harmless and self.ratio <= MOST_RATIO

    @property
    def is_harmless(self) -> bool:
        """But for time, which other programs take as well."""
        return not self.errors and not self.lost and self.grown_mb < MOST_MB and set(self.honest) == {"200"}

    def line(self) -> str:
        got = ", ".join(f"{status} ({count:,})" for status, count in self.got.most_common(3)) or "-"
        figures = f"{self.errors} | {self.lost} | {self.p99:.0f} | {self.ratio:.1f} | {self.grown_mb:+.0f}"
        return f"| {self.name} | {got} | {figures} | {'yes' if self.is_withstood else 'NO'} |"


@contextmanager
def unwritable_log(settings: Settings, _: Running) -> Iterator[None]:
    hidden = settings.predictions_dir.with_name("hidden")
    settings.predictions_dir.rename(hidden)
    settings.predictions_dir.touch()
    for path in hidden.glob("*.jsonl"):
        path.unlink()
    yield
    settings.predictions_dir.unlink()


@contextmanager
def moved_store(settings: Settings, _: Running) -> Iterator[None]:
    rows = settings.online_dir / "online.db"
    rows.rename(rows.with_suffix(".away"))
    yield
    rows.with_suffix(".away").rename(rows)


SURROUNDINGS: dict[str, Surroundings] = {
    "the log's folder cannot be written": unwritable_log,
    "the feature store was moved away": moved_store,
}


def workers(running: Running) -> list[psutil.Process]:
    family = psutil.Process(running.process.pid).children(recursive=True)
    return [one for one in family if any("spawn_main" in word for word in one.cmdline())]


def quiet(port: int, seconds: float = QUIET_SECONDS) -> float:
    with Honest(port) as honest:
        time.sleep(seconds)
    return honest.p99


def attacked(settings: Settings, running: Running, name: str, calm: float, seconds: float = SECONDS) -> Row:
    before = {one.pid: one.memory_info().rss for one in workers(running)}
    port = settings.serving_port
    with Honest(port) as honest:
        if name in SURROUNDINGS:
            with SURROUNDINGS[name](settings, running):
                time.sleep(seconds)
            got: Counter = Counter()
        else:
            command = [sys.executable, str(ROOT / "benchmarks/studies/attack_kinds.py"), name, str(port), str(seconds)]
            told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
            got = Counter(json.loads(told.stdout))
    after = {one.pid: one.memory_info().rss for one in workers(running)}
    grown = max((after[pid] - before[pid] for pid in before if pid in after), default=0) / 1e6
    lost = len(before.keys() - after.keys())
    return Row(name, got, honest.statuses, honest.p99 / calm, honest.p99, lost, grown)


def measured(settings: Settings, running: Running, name: str) -> Row:
    for _ in range(TRIES):
        row = attacked(settings, running, name, quiet(settings.serving_port))
        if row.is_withstood or not row.is_harmless:
            break
    return row


def write_page(rows: list[Row]) -> None:
    table = "\n".join(row.line() for row in rows)
    text = f"""# What the service was attacked with

Written by `python benchmarks/studies/attacks.py`, on this machine: two workers, an honest caller who asks one
question after another, and beside it each attack for {SECONDS:g} seconds.
"Times quiet" is the honest caller's p99 by that of the {QUIET_SECONDS:g} seconds before; what is above
{MOST_RATIO:g} is measured up to {TRIES} times. "hung up" and "no answer" are what an attacker got who
sent no whole request. A full disk has a test of its own (`tests/rooms/test_serving_full_disk.py`),
and so has a killed worker (`tests/rooms/test_serving_faults.py`).

| attack | the attacker got | 5xx | workers lost | honest p99, ms | times quiet | MB per worker | withstood |
|---|---|---|---|---|---|---|---|
{table}

{sum(row.is_withstood for row in rows)} of {len(rows)} withstood: no 5xx, no worker lost, every honest question
answered, its p99 at most {MOST_RATIO:g} times quiet, less than {MOST_MB:g} MB more memory.
"""
    storage.write_text(PAGE, text)


def main() -> int:
    settings = load_settings()
    configure_tools(settings)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        own = own_settings(settings, Path(folder)).model_copy(update={"workers": 2})
        with running_service(own) as running:
            for name in [*KINDS, *SURROUNDINGS]:
                rows.append(measured(own, running, name))
                print(rows[-1].line(), flush=True)
    write_page(rows)
    return 0 if all(row.is_withstood for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
