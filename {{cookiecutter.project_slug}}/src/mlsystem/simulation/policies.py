"""What a life was worth beside its nulls: a frozen model, a calendar, the trigger alone, calendars drawn at random."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.flows.retrain import training_rows
from mlsystem.model_registry import promotions, registry, tracking
from mlsystem.monitoring import batch, performance
from mlsystem.progress import say
from mlsystem.retraining import challenger, journal
from mlsystem.serving import prediction_log
from mlsystem.settings import Settings, load_project
from mlsystem.simulation import alarms
from mlsystem.simulation.calendars import Dated, bands, by_the_trigger, training_cost
from mlsystem.simulation.policy_comparison import PolicyComparison
from mlsystem.training.trained_model import Trained

FROZEN, LOOP, CALENDAR, TRIGGER = "frozen", "loop", "calendar, no gate", "trigger alone"


@dataclass(frozen=True)
class Simulation:
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


def write_page(lives: Simulation, counts: dict[str, Any], seconds: dict[str, float]) -> Path:
    """Write reports/year.json, and reports/year.html from it."""
    from mlsystem.simulation.page import write_year

    found: dict[str, Any] = {"first": str(lives.first), "last": str(lives.last), "replay": counts, "seconds": seconds}
    found |= figures(lives)
    storage.write_json(lives.settings.reports_dir / "year.json", found)
    say(f"  {_worth(found)}")
    return write_year(lives.settings.reports_dir)


def _worth(found: dict[str, Any]) -> str:
    if len(found["policies"][CALENDAR]["trained"]) == 0:
        return "no month began in this life, so no retraining was due: the loop is the frozen model"
    loop = found["policies"][LOOP]
    saved = f"{wording.number(loop['saved']['value'])} ({wording.between(loop['saved']['low'], loop['saved']['high'])})"
    currency, net = PROBLEM.costs.currency, wording.money(loop["net"])
    return f"{len(loop['trained'])} trainings saved {saved} {currency} over a frozen model, {net} after their cost"


def figures(lives: Simulation) -> dict[str, Any]:
    """Everything the page shows about the models, as plain JSON. Intervals are over days, 90 %."""
    joined, unlabelled = answered(lives)
    dated, notes = models(lives, joined), lives.notes()
    trained = {FROZEN: [0], CALENDAR: list(range(len(dated.days))), TRIGGER: by_the_trigger(dated)}
    policies = {name: dated.answers(places) for name, places in trained.items()}
    policies[LOOP] = joined["probability"].to_numpy()
    order = (FROZEN, LOOP, CALENDAR, TRIGGER)
    lived = PolicyComparison(
        dated.label, dated.service_date, {name: policies[name] for name in order}, load_project().seed
    )
    days = {name: [str(dated.days[place]) for place in places[1:]] for name, places in trained.items()}
    days[LOOP] = [note["day"] for note in notes if note["what"] == "decision" and note["version"] is not None]
    return {
        "rows": len(lived.label),
        "base_rate": float(lived.label.mean()),
        "unlabelled": unlabelled,
        "training_cost": training_cost(1),
        "policies": {name: _policy(lived, name, days[name]) for name in order},
        "bands": bands(dated),
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


def _policy(lived: PolicyComparison, name: str, days: list[str]) -> dict[str, Any]:
    """Which days it trained on, what that saved over the frozen model, and what is left after the trainings' cost."""
    saved = lived.saved(name, FROZEN)
    return {"trained": days, "saved": asdict(saved), "net": saved.value - training_cost(len(days))}


def answered(lives: Simulation) -> tuple[pd.DataFrame, dict[str, float]]:
    """The questions that the service was asked and that have a label, by their day; and how many never had one."""
    labels = performance.read_labels(lives.settings.validated_dir)
    predictions = batch.newest_per_question(prediction_log.read(lives.settings.predictions_dir))
    joined = performance.labelled(predictions, labels, predictions["due_at"].max() + performance.DUE_AFTER)
    lost = predictions[~predictions["question_id"].isin(joined["question_id"])]
    acted = float((lost["probability"] > PROBLEM.costs.act_above).mean()) if len(lost) else float("nan")
    return joined, {"rows": len(lost), "acted_share": acted}


def models(lives: Simulation, joined: pd.DataFrame) -> Dated:
    """A model for each month's first day, over the features as they were served: the policies differ in models alone.

    Those that the loop trained are not trained again.
    """
    settings, rows = lives.settings, performance.rows_of(joined)
    uri, first = tracking.tracking_uri(settings.models_dir), promotions.history(settings.models_dir)[0].to_version
    trained = {n["day"]: n["version"] for n in lives.notes() if n["what"] == "decision" and n["version"]}
    scores, limits, days = [], [], [lives.first, *lives.months()]
    for day in days:
        version = first if day == lives.first else trained.get(str(day))
        model = registry.load_version(uri, version) if version else _trained(day, settings)
        later = rows.service_date >= np.datetime64(day)
        scores.append(np.full(len(rows), np.nan))
        scores[-1][later] = model.predict(rows.matrix[later])
        limits.append(model.drift_limits.gap if model.drift_limits else (-math.inf, math.inf))
    return Dated(tuple(days), np.stack(scores), tuple(limits), rows.label, rows.service_date)


def _trained(day: date, settings: Settings) -> Trained:
    lesson = challenger.window(*training_rows(settings), settings.first_day, day)
    return challenger.train_challenger(lesson, day, load_project().seed, settings.threads)


def _champions(lives: Simulation, notes: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """Who answered from which day on, and why."""
    first = promotions.history(lives.settings.models_dir)[0]
    yield {"version": first.to_version, "since": str(lives.first), "why": "the first, trained on the days before"}
    for note in notes:
        if note["what"] == "verdict" and note["accepted"]:
            yield {"version": note["version"], "since": note["day"], "why": note["reason"]}


def _plain(found: Any) -> dict[str, Any]:
    return {name: asdict(interval) for name, interval in found.items()}
