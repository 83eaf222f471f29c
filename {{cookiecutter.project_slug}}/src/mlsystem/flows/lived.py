"""What a life was worth: the loop beside a model that stays, and one retrained every month; as JSON and a page."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from mlsystem import storage
from mlsystem.flows.progress import say
from mlsystem.flows.retrain import training_rows
from mlsystem.model_registry import promotions, registry, tracking
from mlsystem.monitoring import batch, performance
from mlsystem.retraining import alarms, challenger, journal
from mlsystem.retraining.lived import Lived
from mlsystem.serving import prediction_log
from mlsystem.settings import Settings, load_project
from mlsystem.training.split import Rows

FROZEN, LOOP, CEILING = "frozen", "loop", "retrained monthly"
ALL_LABELS = timedelta(days=3)  # after the last day: its last flight has landed


@dataclass(frozen=True)
class Lives:
    """One life that was lived, and the two that it is compared with."""

    settings: Settings
    first: date
    last: date

    def months(self) -> list[date]:
        """The first of each month after the first day: the days on which a retraining was decided on."""
        days = storage.day_range(self.first, self.last)
        return [day for day in days if day.day == 1 and day > self.first]

    def notes(self) -> list[dict[str, Any]]:
        return list(journal.read(self.settings.models_dir))


def write_page(lives: Lives, counts: dict[str, Any], seconds: dict[str, float]) -> Path:
    """Write reports/year.json, and reports/year.html from it."""
    from mlsystem.reporting.year import write_year

    found: dict[str, Any] = {"first": str(lives.first), "last": str(lives.last), "replay": counts, "seconds": seconds}
    found |= figures(lives)
    storage.write_text(lives.settings.reports_dir / "year.json", json.dumps(found, indent=2) + "\n")
    say(f"  {_worth(found)}")
    return write_year(lives.settings.reports_dir)


def _worth(found: dict[str, Any]) -> str:
    if not found["kept"]:
        return "no month began in this life, so no retraining was decided on: the loop is the frozen model"
    kept = found["kept"]["usd"]
    return (
        f"{found['retrainings']} retrainings instead of {found['ceiling_retrainings']} kept {kept['value']:.0%} of "
        f"their dollars (90 % interval {kept['low']:.0%} to {kept['high']:.0%})"
    )


def figures(lives: Lives) -> dict[str, Any]:
    """Everything the page shows about the models, as plain JSON. Intervals are over days, 90 %."""
    lived, notes = answers(lives), lives.notes()
    return {
        "flights": len(lived.is_late),
        "late_share": float(lived.is_late.mean()),
        "retrainings": sum(note["what"] == "decision" and note["version"] is not None for note in notes),
        "ceiling_retrainings": len(lives.months()),
        "kept": {name: asdict(share) for name, share in lived.kept(LOOP, FROZEN, CEILING).items()},
        "totals": {name: _plain(lived.total(name)) for name in lived.policies},
        "months": {
            name: {month: _plain(found) for month, found in months.items()} for name, months in lived.by_month().items()
        },
        "saved": {
            name: {month: asdict(saved) for month, saved in months.items()}
            for name, months in lived.saved_by_month(FROZEN).items()
        },
        "alerts": alarms.spans(lives.settings.models_dir, lives.last),
        "champions": list(_champions(lives, notes)),
        "notes": notes,
    }


def answers(lives: Lives) -> Lived:
    """What each of the three said of every flight that the service was asked about and that arrived.

    All from the features as they were served: the policies differ in their models alone.
    """
    settings = lives.settings
    arrivals = performance.read_labels(settings.validated_dir)
    predictions = batch.newest_per_flight(prediction_log.read(settings.predictions_dir))
    joined = performance.labelled(predictions, arrivals, predictions["as_of"].max() + ALL_LABELS)
    rows = performance.rows_of(joined)
    uri, first = tracking.tracking_uri(settings.models_dir), promotions.history(settings.models_dir)[0].to_version
    frozen = registry.load_version(uri, first).predict(rows.matrix)
    policies = {FROZEN: frozen, LOOP: joined["probability"].to_numpy(), CEILING: _ceiling(lives, rows, frozen)}
    return Lived(rows.is_late, rows.service_date, policies, load_project().seed)


def _ceiling(lives: Lives, rows: Rows, frozen: np.ndarray) -> np.ndarray:
    """Each month answered by a model trained on its first day; those that the loop trained are not trained again."""
    settings, result = lives.settings, frozen.copy()
    uri = tracking.tracking_uri(settings.models_dir)
    trained = {n["day"]: n["version"] for n in lives.notes() if n["what"] == "decision" and n["version"]}
    known, known_at = training_rows(settings)
    for day in lives.months():
        later = rows.service_date >= np.datetime64(day)
        if version := trained.get(str(day)):
            result[later] = registry.load_version(uri, version).predict(rows.matrix[later])
            continue
        parts = challenger.window(known, known_at, settings.first_day, day)
        model = challenger.fitted(*parts, load_project().seed, settings.threads)
        result[later] = model.predict(rows.matrix[later])
    return result


def _champions(lives: Lives, notes: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Who answered from which day on, and why."""
    first = promotions.history(lives.settings.models_dir)[0]
    yield {"version": first.to_version, "since": str(lives.first), "why": "the first: January and February"}
    for note in notes:
        if note["what"] == "verdict" and note["accepted"]:
            yield {"version": note["version"], "since": note["day"], "why": note["because"]}


def _plain(found: Any) -> dict[str, Any]:
    return {name: asdict(interval) for name, interval in found.items()}
