"""A batch look at the prediction log: drift, quality, performance; a table for people, JSON for machines."""

import json
from datetime import timedelta
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact

from mlsystem import storage
from mlsystem.flows.progress import say
from mlsystem.settings import Settings, load_settings

LABELS_AFTER = timedelta(hours=36)  # by then every flight of the last day has landed: longest delay and longest route


@task
def look(settings: Settings) -> dict[str, Any]:
    """Everything that the log says so far. Labels count once they are known at the newest prediction's day's end."""
    from mlsystem.model_registry.registry import load_champion
    from mlsystem.monitoring import batch, performance
    from mlsystem.serving import prediction_log

    prediction_log.check_some(settings.predictions_dir)
    predictions = batch.newest_per_flight(prediction_log.read(settings.predictions_dir))
    arrivals = performance.read_labels(settings.validated_dir)
    known_at = predictions["as_of"].max() + LABELS_AFTER
    return {
        "since": str(predictions["as_of"].min()),
        "until": str(predictions["as_of"].max()),
        "quality": batch.quality(predictions),
        "drift": batch.drift(predictions, load_champion(settings.models_dir).references),
        "performance": performance.performance(predictions, arrivals, known_at).as_json(),
    }


@flow(name="monitor")
def monitor(settings: Settings | None = None) -> dict[str, Any]:
    """Look at the log, keep what was found in reports/monitoring.json."""
    settings = settings or load_settings()
    say("comparing the prediction log with training, and with what came true")
    found = look(settings)
    storage.write_text(settings.reports_dir / "monitoring.json", json.dumps(found, indent=2) + "\n")
    rows = [{"column": name, "psi": value} for name, value in found["drift"].items()]
    create_table_artifact(key="drift", table=rows)
    performance = found["performance"]
    say(f"  {found['quality']['predictions']:,} predictions, {performance['labelled']:,} with a label")
    return found
