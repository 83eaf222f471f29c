"""A batch look at the prediction log: drift, quality, performance, and the checks that the alarms are made from."""

import math
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from prefect import flow, task
from prefect.artifacts import create_table_artifact

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.progress import say
from mlsystem.settings import Settings, load_settings

if TYPE_CHECKING:
    from mlsystem.monitoring.skew import SkewReport

SKEW_ROWS = 2_000  # the newest, some two days; the offline path takes a second for them
FURTHEST = 3  # columns that are named


@task
def measure(settings: Settings) -> dict[str, Any]:
    """Everything that the log says so far. Labels count once they are known at the newest prediction's day's end."""
    from mlsystem.model_registry.registry import load_champion
    from mlsystem.monitoring import batch, checks, performance, week
    from mlsystem.replay.logs import predictions_so_far
    from mlsystem.serving import monitor_findings

    say("  reading the log, the labels and the champion")
    log, champion = predictions_so_far(settings), load_champion(settings.models_dir)
    predictions = batch.newest_per_question(log)
    labels = performance.read_labels(settings.validated_dir)
    now = predictions["as_of"].max()
    yesterday = now.astimezone(PROBLEM.zone).date() - timedelta(days=1)
    share = checks.quarantine_share(settings.validated_dir, yesterday)
    stopped = checks.stopped_days(settings.validated_dir, yesterday)
    found = checks.checks_at(now, predictions, labels, champion, _skew(settings, log), share, stopped)
    monitor_findings.write(settings.predictions_dir, time.time(), {one.name: (one.value, one.limit) for one in found})
    diagnosis = week.diagnosis_at(now, predictions, labels, champion)
    known_at = predictions["due_at"].max() + performance.DUE_AFTER
    return {
        "since": str(predictions["as_of"].min()),
        "until": str(predictions["as_of"].max()),
        "quality": batch.quality(predictions),
        "drift": batch.drift(predictions, champion.references),
        "checks": [one.as_json() for one in found],
        "diagnosis": diagnosis and diagnosis.reason,
        "performance": performance.performance(predictions, labels, known_at).as_json(),
    }


def _skew(settings: Settings, log: pa.Table) -> "SkewReport":
    """The newest rows of the log through the offline path."""
    from mlsystem.feature_store.store import open_store
    from mlsystem.feature_store.training_sets import historical_features
    from mlsystem.monitoring.skew import skew

    say(f"  what the offline path makes of the newest {min(SKEW_ROWS, log.num_rows):,}")
    store = open_store(settings.features_dir, settings.online_dir, register=False)
    newest = log.sort_by([("as_of", "descending")]).slice(0, SKEW_ROWS)
    return skew(newest, lambda rows: historical_features(store, rows))


def findings(found: Mapping[str, Any]) -> Iterator[str]:
    """What was found, for whoever reads along: performance, the furthest drift, and each check with its verdict."""
    seen = found["performance"]
    if seen.get("auc") is not None:
        money = wording.number(seen.get("cost_per_1000"))
        yield f"AUC {wording.number(seen['auc'], '.3f')}, {money} {PROBLEM.per_1000}"
    furthest = [f"{name} {wording.number(psi, '.2f')}" for name, psi in list(found["drift"].items())[:FURTHEST]]
    yield f"furthest from training (PSI): {', '.join(furthest)}"
    for check in found["checks"]:
        verdict = "BREACHED" if check["breached"] else "within its limit" if is_known(check["value"]) else "unknown"
        yield f"{check['name'].replace('_', ' ')}: {verdict}; {check['reason']}"
    if found["diagnosis"]:
        yield found["diagnosis"]


def is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


@flow(name="monitor")
def monitor(settings: Settings | None = None) -> dict[str, Any]:
    """Look at the log, keep what was found in reports/monitoring.json."""
    settings = settings or load_settings()
    say("comparing the prediction log with training, and with what came true")
    found = measure(settings)
    storage.write_json(settings.reports_dir / "monitoring.json", found)
    rows = [{"column": name, "psi": value} for name, value in found["drift"].items()]
    create_table_artifact(key="drift", table=rows)
    performance = found["performance"]
    say(f"  {found['quality']['predictions']:,} predictions, {performance['labelled']:,} with a label")
    for line in findings(found):
        say(f"  {line}")
    say("`make status` has all of it on a page")
    return found
