"""A running system for the alerts to watch: service, consumer, callers, and a real Prometheus with the real rules.

Two things differ from production, both here: Prometheus scrapes every second, not every five, and every duration of the
rules (windows, `for`, offset) is divided by FASTER. Thresholds are as they are.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psutil

from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.flows.consume import log_path
from mlsystem.processes.servers import write_prometheus
from mlsystem.replay.timeline import facts_between
from mlsystem.serving import monitor_findings
from mlsystem.serving.run import Running, running_service
from mlsystem.settings import ROOT, Settings, child_environment
from mlsystem.streaming.consumer import GROUP
from mlsystem.streaming.event_log import EventLog
from planted_log import own_batch
from questions import NOW, fields, shifted, varied
from serving_probe import free_port, own_copy
from steady_load import Load, post

FASTER = 60  # an hour of the rules is a minute here
SCRAPE_SECONDS = 1
PER_UNIT = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
DURATION = re.compile(r"(\[|for: |offset )(\d+)([smhd])\b")
OPS = ROOT / "ops/prometheus"
USUAL_PER_SECOND = 2.0  # little, as in life


def faster(rules: str) -> str:
    """The rules with every duration divided by FASTER, and nothing else changed."""

    def divided(found: re.Match) -> str:
        milliseconds = int(found[2]) * PER_UNIT[found[3]] * 1_000 // FASTER
        return f"{found[1]}{milliseconds}ms"

    return DURATION.sub(divided, rules)


@dataclass
class World:
    settings: Settings
    batch: Settings  # the monitor's, with a prediction log that faults are planted in
    running: Running
    consumer: subprocess.Popen
    log: EventLog
    prometheus: httpx.Client
    load: Load | None = None
    clock: datetime = NOW
    healthy: list[dict] = field(default_factory=list)  # records of planted_log

    def call(self, questions: list[list[dict]], rate: float | None, connections: int = 2) -> None:
        """Other callers from now on; each inner list is a request."""
        self.stop_callers()
        requests = [post({"questions": some}) for some in questions]
        self.load = Load(self.settings.serving_port, requests, rate=rate, connections=connections)
        self.load.__enter__()

    def questions(self, later: timedelta = timedelta()) -> list[dict]:
        """Eight that are due now, on the clock of the facts, or so much later."""
        moved = shifted(self.clock - NOW + later)
        return varied(8, **{field.name: moved[field.name] for field in fields("instant")})

    def call_as_usual(self) -> None:
        self.call([[question] for question in self.questions()], USUAL_PER_SECOND)

    def stop_callers(self) -> None:
        """Nobody asks."""
        if self.load is not None:
            self.load.__exit__()
            self.load = None

    def service_processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self.running.process.pid)
        return [parent, *parent.children(recursive=True)]

    def firing_alerts(self) -> set[str]:
        found = self.prometheus.get("/alerts").raise_for_status().json()["data"]["alerts"]
        return {one["labels"]["alertname"] for one in found if one["state"] == "firing"}

    def metrics(self) -> set[str]:
        """The names of all series that Prometheus has."""
        return set(self.prometheus.get("/label/__name__/values").raise_for_status().json()["data"])

    def append(self, hours: float, step: timedelta, without: Sequence[str] = ()) -> None:
        """Let event time go on, with its facts but those of some tables, and the callers with it."""
        until = self.clock + timedelta(hours=hours)
        while self.clock < until:
            after, self.clock = self.clock, self.clock + step
            facts = facts_between(self.clock.date(), after, self.clock, self.settings.validated_dir)
            self.log.append({name: rows for name, rows in facts.items() if name not in without}, self.clock)
        self.call_as_usual()

    def append_until_usual_hour(self, step: timedelta) -> None:
        """Let event time go on to the hour of day at which it began, in which there are questions and facts."""
        self.append((NOW - self.clock) % timedelta(days=1) / timedelta(hours=1), step)

    def wait_for_consumer(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while self.log.lag(GROUP)[0] and time.monotonic() < deadline:
            time.sleep(0.1)


@contextmanager
def running_world(built: Settings, folder: Path) -> Iterator[World]:
    """All of it, started and healthy; stopped at the end, whatever happened."""
    settings = own_copy(built, folder / "data").model_copy(update={"consumer_port": free_port()})
    online, log = OnlineFeatures(open_store(settings.features_dir, settings.online_dir)), EventLog(log_path(settings))
    online.materialise(NOW)
    log.append(facts_between(NOW.date(), None, NOW, settings.validated_dir), NOW)
    monitor_findings.write(settings.predictions_dir, time.time(), {})
    with ExitStack() as stack:
        running = stack.enter_context(running_service(settings))
        consumer = stack.enter_context(_process([sys.executable, "-m", "mlsystem", "consume"], folder, settings))
        client = stack.enter_context(_prometheus(settings, folder))
        world = World(settings, own_batch(built, folder / "batch"), running, consumer, log, client)
        stack.callback(world.stop_callers)
        world.call_as_usual()
        _wait_until_scraped(client)
        yield world


@contextmanager
def _process(command: list[str], folder: Path, settings: Settings) -> Iterator[subprocess.Popen]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=child_environment(settings), stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait(20)


@contextmanager
def _prometheus(settings: Settings, folder: Path) -> Iterator[httpx.Client]:
    """Prometheus's own API; it begins with a yesterday that had traffic."""
    write_prometheus(settings, folder)
    config = (folder / "prometheus.yml").read_text().replace("interval: 5s", f"interval: {SCRAPE_SECONDS}s")
    (folder / "prometheus.yml").write_text(config)
    (folder / "rules.yml").write_text(faster((OPS / "rules.yml").read_text()))
    _yesterday(folder)
    port = free_port()
    command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (
        _process([*command, f"--web.listen-address=127.0.0.1:{port}"], folder, settings),
        httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=60) as client,
    ):
        yield client


def _yesterday(folder: Path) -> None:
    """A block with what NoTraffic compares with: the same rules' record of a day (here 24 minutes) before."""
    end = int(time.time()) - 30
    lines = [f"predict:requests:increase1h 100 {second}" for second in range(end - 2 * 86_400 // FASTER, end)]
    text = "\n".join(["# TYPE predict:requests:increase1h gauge", *lines, "# EOF", ""])
    (folder / "yesterday.txt").write_text(text)
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "yesterday.txt", "tsdb"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _wait_until_scraped(client: httpx.Client) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            found = client.get("/query", params={"query": "count(up == 1)"}).json()["data"]["result"]
        except (httpx.HTTPError, ValueError):
            found = []
        if found and found[0]["value"][1] == "2":
            return
        time.sleep(0.2)
    raise AssertionError("Prometheus does not see both processes")
