"""A quarter replayed through the running service in event time, its metrics sampled as Prometheus would see them.

Every 5 simulated minutes: what became known goes through the log and the consumer, the questions that come due are
asked one by one, both processes' metrics are taken. Once a simulated day, at 05:30 on the domain's clock, the monitor
looks.
"""

import gzip
import json
import re
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
import pandas as pd
from prometheus_client import generate_latest

from mlsystem.addresses import service_url
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.training_sets import historical_features
from mlsystem.flows.consume import OLDEST_SECONDS, log_path, make_consumer
from mlsystem.flows.replay_days import state_of
from mlsystem.metrics.consumer import ConsumerMetrics
from mlsystem.model_registry.registry import load_champion
from mlsystem.monitoring.batch import newest_per_question
from mlsystem.monitoring.checks import checks_at, quarantine_share
from mlsystem.monitoring.performance import read_labels
from mlsystem.monitoring.skew import skew
from mlsystem.replay.replay import OtherProcess, Replayed, Span, begin, replay
from mlsystem.serving import monitor_findings, prediction_log
from mlsystem.settings import ROOT, Settings
from mlsystem.streaming.consumer import GROUP, FeatureConsumer
from mlsystem.streaming.event_log import EventLog

STEP = timedelta(minutes=5)
LOOKS_AT = timedelta(hours=5, minutes=30)  # flows/deploy.py
ASKED = ["question_id", "as_of", "service_date", "due_at", "probability", "model_version"]
RULES = ROOT / "ops/prometheus/rules.yml"
LABELS = {"service": 'job="predictions",instance="service"', "consumer": 'job="consumer",instance="consumer"'}
Sample = dict[str, float]  # series -> value


@dataclass(frozen=True)
class InStep(OtherProcess):
    """A consumer that is never given the future: it takes in an interval when that has been appended."""

    consumer: FeatureConsumer

    def catch_up(self, until: datetime | None = None) -> int:
        return self.consumer.catch_up(until)


def used_metrics() -> set[str]:
    """Every name that the rules mention; more than the metrics, but no metric less."""
    return set(re.findall(r"[a-z_]{2,}", RULES.read_text(encoding="utf-8")))


def sample(text: str, process: str, used: set[str]) -> Sample:
    """The series that the rules use, with the labels that Prometheus adds."""
    found = {f"up{{{LABELS[process]}}}": 1.0}
    for line in text.splitlines():
        series, _, value = line.rpartition(" ")
        name, _, labels = series.partition("{")
        is_other = ('route="' in labels and 'route="/predict"' not in labels) or (
            "le=" in labels and '"0.25"' not in labels
        )
        if name in used and not is_other:
            found[f"{name}{{{LABELS[process]}{',' if labels else '}'}{labels}"] = float(value)
    return found


@dataclass
class Watch:
    """What is sampled, and the monitor that looks once a day; `samples` are of one day until they are written."""

    settings: Settings
    client: httpx.Client
    metrics: ConsumerMetrics
    folder: Path
    used: set[str] = field(default_factory=used_metrics)
    samples: list[tuple[float, Sample]] = field(default_factory=list)
    looks: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.settings
        self._champion = load_champion(settings.models_dir)
        self._labels = read_labels(settings.validated_dir)
        self._store = open_store(settings.features_dir, settings.online_dir, register=False)
        self._asked = pd.DataFrame()
        self._look_due: datetime | None = None
        self._checked_at = 0.0
        self._started = time.monotonic()

    def step(self, moment: datetime, counts: Replayed) -> None:
        """After each interval: look if it is time, then take both scrapes."""
        if self._look_due is None:
            self._looked(moment, {})  # the day before had nothing to look at
        elif moment >= self._look_due:
            self._look(moment, counts)
        texts = self.client.get("/metrics").text, generate_latest(self.metrics).decode()  # type: ignore[arg-type]
        taken = sample(texts[0], "service", self.used) | sample(texts[1], "consumer", self.used)
        stamp = next(name for name in taken if name.startswith("monitor_checked_timestamp_seconds"))
        self.samples.append((moment.timestamp(), taken | {stamp: self._checked_at}))

    def flush(self) -> None:
        if self.samples:
            path = self.folder / f"{datetime.fromtimestamp(self.samples[0][0]):%Y-%m-%dT%H%M}.json.gz"
            path.write_bytes(gzip.compress(json.dumps(self.samples).encode(), 3))
            self.samples = []

    def _look(self, now: datetime, counts: Replayed) -> None:
        table = prediction_log.read(self.settings.predictions_dir)
        if not table.num_rows:
            self._looked(now, {})
            return
        for path in self.settings.predictions_dir.glob("*.jsonl"):
            path.unlink()  # the service opens another; what was in it is in `table`
        day = newest_per_question(table)
        kept = pd.concat([self._asked, day[ASKED]], ignore_index=True)
        self._asked = kept[kept["as_of"] > now - timedelta(days=31)]
        started = time.perf_counter()
        skewed = skew(table, lambda rows: historical_features(self._store, rows))
        middle = time.perf_counter()
        share = quarantine_share(self.settings.validated_dir, (now - timedelta(days=1)).date())
        found = checks_at(now, self._asked, self._labels, self._champion, skewed, share)
        took = round(middle - started, 2), round(time.perf_counter() - middle, 2)
        self.looks.append(
            {"now": now.isoformat(), "took": took} | {c.name: [c.value, c.limit, c.reason] for c in found}
        )
        self._looked(now, {one.name: (one.value, one.limit) for one in found})
        self.flush()
        (self.folder / "looks.json").write_text(json.dumps(self.looks, indent=1))
        asked, seconds = f"{counts.questions:,} {PROBLEM.words.questions}", time.monotonic() - self._started
        print(f"{now:%Y-%m-%d} {seconds:.0f} s {asked} {took}", flush=True)

    def _looked(self, now: datetime, found: dict[str, tuple[float, float]]) -> None:
        monitor_findings.write(self.settings.predictions_dir, time.time(), found)
        self._checked_at = now.timestamp()
        local = now.astimezone(PROBLEM.zone)
        look = local.replace(hour=0, minute=0, second=0, microsecond=0) + LOOKS_AT
        self._look_due = look if local < look else look + timedelta(days=1)


def record(settings: Settings, first: date, last: date, folder: Path) -> Replayed:
    """Replay the days through the service that runs; one file of samples per day in the folder."""
    online = OnlineFeatures(open_store(settings.features_dir, settings.online_dir))
    log, state = EventLog(log_path(settings)), state_of(settings)
    span = Span(first, last, STEP)
    begin(span, settings.validated_dir, log, online, state)
    metrics = ConsumerMetrics(lambda: log.lag(GROUP), silent_from=PROBLEM.silent_from, oldest_seconds=OLDEST_SECONDS)
    consumer = make_consumer(settings, log, online, metrics)
    with httpx.Client(base_url=service_url(settings), timeout=30) as client:
        watch = Watch(settings, client, metrics, folder)

        def ask(request: dict) -> dict | None:
            response = client.post("/predict", json=request)
            return response.json() if response.is_success else None

        counts = replay(span, settings.validated_dir, log, InStep(log, consumer), ask, state, progress=watch.step)
        watch.flush()
    consumer.close()
    return counts
