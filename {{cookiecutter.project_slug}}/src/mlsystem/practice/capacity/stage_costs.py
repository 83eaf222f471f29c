"""What each stage costs on this machine, measured on the system's own parts: plain numbers for the plan."""

import json
import time
from collections import Counter
from contextlib import closing
from datetime import timedelta
from typing import Any

from mlsystem import storage
from mlsystem.addresses import ask
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.metrics.serving import STAGES
from mlsystem.practice.capacity import callers
from mlsystem.practice.capacity.own_service import DAY, OwnService
from mlsystem.progress import say
from mlsystem.settings import Settings

SIZES = (1, 10, 100)  # questions in a request
SIZE_SECONDS = 2.0
WARM_SECONDS = 2.0
STEP = timedelta(minutes=15)  # of event time, between two clock readings of the consumer: the finest tick of a view
STEPS = 32
STAGE = "prediction_stage_duration_seconds"


class NotMeasured(UserError):
    """The demo has left no figures of a training."""


def measure(service: OwnService, built: Settings) -> dict[str, Any]:
    """By stage. About half a minute."""
    say("  what a request of 1, 10 and 100 questions costs, stage by stage")
    callers.closed_loop(service.port, service.requests(1), 4, WARM_SECONDS)
    sizes = {str(size): _request(service, size) for size in SIZES}
    log = sum(path.stat().st_size for path in service.settings.predictions_dir.glob("*.jsonl"))
    answered = _scrape(service).total("predictions_total")
    say("  what the consumer takes in, what a day of features takes, what the training took")
    return {
        "requests": sizes,
        "log_bytes": log / answered,
        "memory_mb": service.worker.memory_full_info().uss / 1e6,
        "consumer": _consumer(service.settings),
        "features": _features(service.settings),
        "online_bytes": sum(path.stat().st_size for path in service.settings.online_dir.glob("online.db*")),
        "today": _today(service),
        "training": training(built),
    }


def _scrape(service: OwnService) -> Any:
    from mlsystem.reporting.scrape import parse

    return parse(ask(f"http://127.0.0.1:{service.port}/metrics")[1].decode())


def _request(service: OwnService, size: int) -> dict[str, Any]:
    """Milliseconds of a request: until the answer, of the worker, and by stage; the bytes of its answer."""
    requests, before, cpu = service.requests(size), _scrape(service), service.cpu_seconds()
    answers = callers.closed_loop(service.port, requests, 1, SIZE_SECONDS)
    spent, after = service.cpu_seconds() - cpu, _scrape(service)
    stages = {
        stage: after.total(f"{STAGE}_sum", stage=stage) - before.total(f"{STAGE}_sum", stage=stage) for stage in STAGES
    }
    seconds = sum(one.seconds for one in answers)
    each = 1000 / len(answers)
    return {
        "requests": len(answers),
        "ms": seconds * each,
        "cpu_ms": spent * each,
        "stages_ms": {stage: one * each for stage, one in stages.items()},
        "answer_bytes": sum(one.bytes for one in answers) / len(answers),
    }


def _consumer(own: Settings) -> dict[str, float]:
    """Facts of DAY's first hours through log and consumer, a step at a time, as they come in life."""
    from mlsystem.feature_store.online import OnlineFeatures
    from mlsystem.feature_store.store import open_store
    from mlsystem.replay.logs import log_path
    from mlsystem.replay.timeline import facts_between, intervals, opening
    from mlsystem.streaming.consumer import FeatureConsumer
    from mlsystem.streaming.event_log import EventLog

    online = OnlineFeatures(open_store(own.features_dir, own.online_dir, register=False))
    start = opening(DAY, STEP, own.validated_dir)
    log = EventLog(log_path(own))
    log.append(facts_between(DAY, None, start, own.validated_dir), start)
    events, rows, seconds = 0, 0, 0.0
    with closing(FeatureConsumer(log, online, timedelta(minutes=own.lateness_minutes))) as consumer:
        consumer.catch_up()
        for interval, _ in zip(intervals(DAY, DAY, STEP, own.validated_dir), range(STEPS), strict=False):
            events += log.append(interval.facts, interval.start)
            began = time.perf_counter()
            rows += consumer.catch_up()
            seconds += time.perf_counter() - began
    return {"events": events, "rows": rows, "seconds": seconds, "steps": STEPS}


def _features(own: Settings) -> dict[str, float]:
    """One day of every view, and what is kept of it on disk with its facts."""
    from mlsystem.features.build import TABLES, compute_days

    began = time.perf_counter()
    made = compute_days([DAY], own.validated_dir)
    seconds = time.perf_counter() - began
    kept = [own.features_dir / view.name for view in PROBLEM.views] + [own.validated_dir / name for name in TABLES]
    paths = [storage.Partitions(folder).path(DAY) for folder in kept]
    return {
        "rows": sum(days[DAY].num_rows for days in made.values()),
        "seconds": seconds,
        "bytes": sum(path.stat().st_size for path in paths if path.exists()),
    }


def _today(service: OwnService) -> dict[str, float]:
    """How much is asked today: DAY, and its busiest minute; and how many facts a question brings with it."""
    from mlsystem.features.build import TABLES
    from mlsystem.replay.timeline import questions_of

    validated = service.settings.validated_dir
    asked = questions_of(DAY, validated)
    minutes = Counter(one.as_of.replace(second=0, microsecond=0) for one in asked)
    paths = [storage.Partitions(validated / name) for name in TABLES]
    facts = sum(one.rows(DAY) for one in paths if one.path(DAY).exists())
    return {"questions": len(asked), "busiest_minute": max(minutes.values()), "facts": facts}


def training(built: Settings) -> dict[str, float]:
    """What the demo's training took. Raises NotMeasured."""
    path = built.reports_dir / "run.json"
    if not path.exists():
        raise NotMeasured(f"there is no {path}, which says what a training takes; run `make demo` first")
    with storage.reading(path, "`make demo` writes it anew"):
        run = json.loads(path.read_text(encoding="utf-8"))
        saved = run["models"][run["champion"]]["worth"]["saved"]["value"]
        seconds, rows = run["stages_seconds"]["training"], run["rows"]["training_set"]
        return {"seconds": seconds, "rows": rows, "peak_mb": run["peak_memory_mb"], "saved_per_1000": saved}
