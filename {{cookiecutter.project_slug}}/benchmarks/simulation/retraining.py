"""What retraining is worth beside its nulls, what the gate is worth, and what the trigger is for: 10 to 20 minutes.

Run it after `make train`. The recipe of retraining/challenger.py on each month's first day that `make year` would live
through, labels as they became known, no service. Writes reports/retraining.json and the tables of
docs/domain/simulation/retraining.md.

* Policies and the band of all calendars, in money, less what a training costs.
* The gate on days that its model did not learn from, for all pairs of champion and challenger, against what the
  challenger was then worth in the month after: how often it was let in and dearer, or refused and cheaper.
* Two breaks planted between two dates of the calendar: whether the trigger sees them, and what it saves.
* How often the test of live probabilities rejects a model that is right, when the errors of days go together.
"""

import json
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations

import numpy as np
import pyarrow.parquet as pq

import retraining_tables
from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.monitoring.bootstrap_metrics import costs_of
from mlsystem.monitoring.skew import compared
from mlsystem.retraining import challenger
from mlsystem.retraining.evidence import Evidence, Shadowed, mean_gains
from mlsystem.retraining.gate import judge
from mlsystem.settings import ROOT, configure_tools, load_project, load_settings
from mlsystem.simulation import calendars
from mlsystem.simulation.lane import default_days
from mlsystem.training.bootstrap_intervals import by_day, draws, interval, weekly
from mlsystem.training.slices import masks
from mlsystem.training.split import Rows, known_at, rows_of
from mlsystem.training.trained_model import Trained

FIRST, LAST = default_days(load_settings())
MONTHS = (FIRST, *(day for day in storage.day_range(FIRST, LAST) if day.day == 1 and day > FIRST))
BEFORE, AFTER = MONTHS[len(MONTHS) // 2 - 1 : len(MONTHS) // 2 + 1]  # the dates between which something breaks
BREAK, HEALTHY_SERIES = BEFORE + timedelta(days=9), 2_000
MORE, UNITS = "as many labels again come true", "the store's numbers are in other units"
DAY = np.timedelta64(1, "D")
PAGE = ROOT / "docs/domain/simulation/retraining.md"


@dataclass(frozen=True)
class Year:
    rows: Rows
    known_at: np.ndarray
    seed: int

    def train(self, today: date, champion_since: date | None = None) -> tuple[challenger.Lesson, Trained]:
        lesson = challenger.window(self.rows, self.known_at, PROBLEM.first_day, today, champion_since)
        return lesson, challenger.train_challenger(lesson, today, self.seed, 1)

    def between(self, first: date, until: date) -> Rows:
        dates = self.rows.service_date
        return self.rows.where((dates >= np.datetime64(first)) & (dates < np.datetime64(until)))


def main() -> int:
    settings = load_settings()
    configure_tools(settings)
    table = pq.read_table(settings.training_sets_dir / f"{PROBLEM.feature_service}.parquet")
    year = Year(rows_of(table), known_at(table), load_project().seed)
    models = {}
    for day in MONTHS:
        models[day] = year.train(day)
        print(f"trained on {day}", flush=True)
    report = {
        "seed": year.seed,
        "policies": policies(year, models),
        "gate": gate(year, models),
        "break_on": str(BREAK),
        "breaks": [broken(year, models[BEFORE][1], kind) for kind in (MORE, UNITS)],
        "healthy": healthy(models[MONTHS[-1]]),
    }
    settings.reports_dir.mkdir(parents=True, exist_ok=True)
    (settings.reports_dir / "retraining.json").write_text(json.dumps(report, indent=2) + "\n")
    retraining_tables.write(PAGE, report)
    print(f"wrote {PAGE}")
    return 0


def policies(year: Year, models: dict) -> dict:
    """Money saved over the frozen model by each policy at the same days, before and after what the trainings cost."""
    live = year.between(FIRST, LAST + timedelta(days=1))
    scores = np.full((len(MONTHS), len(live)), np.nan)
    for place, (day, (_, model)) in enumerate(models.items()):
        later = live.service_date >= np.datetime64(day)
        scores[place, later] = model.predict(live.matrix[later])
    limits = tuple(model.drift_limits.gap for _, model in models.values())
    dated = calendars.Dated(MONTHS, scores, limits, live.label, live.service_date)
    gated = [0]
    for place in range(1, len(MONTHS)):
        if judge(_evidence(models, MONTHS[gated[-1]], MONTHS[place])).accepted:
            gated.append(place)
    frozen = costs_of(dated.answers([0]), live.label)
    found = {}
    for name, trained, paid in (
        ("calendar", list(range(len(MONTHS))), len(MONTHS) - 1),
        ("calendar through the gate", gated, len(MONTHS) - 1),
        ("trigger alone", calendars.by_the_trigger(dated), None),
    ):
        saved = frozen - costs_of(dated.answers(trained), live.label)
        count = len(trained) - 1 if paid is None else paid
        drawn = draws(len(np.unique(live.service_date)), year.seed) @ by_day(saved[:, None], live.service_date)
        between = interval(float(saved.sum()), drawn[:, 0])
        net = between.value - calendars.training_cost(count)
        found[name] = vars(between) | {"trainings": count, "promoted": len(trained) - 1, "net": net}
    asked = {"first": str(FIRST), "last": str(LAST), "questions": len(live), "frozen_cost": float(frozen.sum())}
    return found | {"bands": calendars.bands(dated), "asked": asked}


def _evidence(models: dict, champion: date, today: date) -> Evidence:
    """The rehearsal of `today` and the champion, on the last weeks, of which the rehearsal knows nothing."""
    lesson, model = models[today]
    unseen = lesson.judged.where(lesson.judged.service_date >= np.datetime64(max(lesson.judged_from, champion)))
    served = dict(zip(PROBLEM.model_columns, unseen.matrix.T, strict=True))
    return Evidence(
        models[champion][1].predict(unseen.matrix),
        model.rehearsal.predict(unseen.matrix),
        unseen.label,
        unseen.service_date,
        {f"{by} {value}": mask for by, value, mask in masks(unseen) if by != "month"},
        model.latency_ms,
        1_000_000,
        compared(served, served),
        Shadowed(len(unseen), len(unseen), 0.0),  # no service runs here
    )


def gate(year: Year, models: dict) -> dict:
    """Each pair's verdict, what was gained on the judged days, and what in the month after, per 1,000 questions."""
    pairs = []
    for champion, today in combinations(MONTHS, 2):
        evidence = _evidence(models, champion, today)
        after = year.between(today, today + timedelta(days=31))
        then = costs_of(models[champion][1].predict(after.matrix), after.label)
        saved = 1_000 * (then - costs_of(models[today][1].predict(after.matrix), after.label))
        daily = by_day(np.column_stack([saved, np.ones(len(saved))]), after.service_date)
        drawn = draws(len(daily), year.seed) @ daily
        next_month = interval(float(saved.mean()), drawn[:, 0] / drawn[:, 1])
        verdict, (judged, _) = judge(evidence), mean_gains(evidence, 0.9, year.seed)
        pairs.append(
            {"champion": str(champion), "today": str(today), "accepted": verdict.accepted}
            | {"refused_by": verdict.refused_by, "judged": judged.value, "judged_low": judged.low}
            | {"next": next_month.value, "next_high": next_month.high}
        )
    accepted, refused = ([p for p in pairs if p["accepted"] is is_in] for is_in in (True, False))
    return {
        "pairs": pairs,
        "judged_mean": float(np.mean([p["judged"] for p in pairs])),
        "next_mean": float(np.mean([p["next"] for p in pairs])),
        "accepted": len(accepted),
        "accepted_and_dearer": sum(p["next"] < 0 for p in accepted),
        "accepted_and_surely_dearer": sum(p["next_high"] < 0 for p in accepted),
        "refused": len(refused),
        "refused_and_cheaper": sum(p["next"] > 0 for p in refused),
        "would_be_accepted_if_it_had_to_be_shown_better": sum(p["judged_low"] > 0 for p in pairs),
    }


def broken(year: Year, champion: Trained, kind: str) -> dict:
    """A break between two dates: the night on which the trigger sees it, and what training then saves until AFTER."""
    is_after = year.rows.service_date >= np.datetime64(BREAK)
    if kind == UNITS:
        matrix = year.rows.matrix.copy()
        numbers = {feature.name for feature in PROBLEM.stored_features if feature.type == "number"}
        columns = [place for place, name in enumerate(PROBLEM.model_columns) if name in numbers]
        matrix[np.ix_(is_after, columns)] /= 60
        rows = replace(year.rows, matrix=matrix)
    else:
        more = np.random.default_rng(year.seed).random(len(year.rows)) < PROBLEM.limits.usual_share
        rows = replace(year.rows, label=year.rows.label | (is_after & more))
    world = replace(year, rows=rows)
    live = world.between(BEFORE, AFTER)
    scores = np.stack([champion.predict(live.matrix)])
    limits = (champion.drift_limits.gap,)
    dated = calendars.Dated((BEFORE,), scores, limits, live.label, live.service_date)
    nights = (BREAK + timedelta(days=n) for n in range((AFTER - BREAK).days))
    seen = next((night for night in nights if calendars.is_beyond(dated, 0, np.datetime64(night))), None)
    if seen is None:
        return {"kind": kind, "seen": None}
    lesson, model = world.train(seen, BEFORE)
    verdict = judge(_evidence({BEFORE: (None, champion), seen: (lesson, model)}, BEFORE, seen))
    rest = world.between(seen + timedelta(days=1), AFTER)  # a day in the shadow
    saved = costs_of(champion.predict(rest.matrix), rest.label) - costs_of(model.predict(rest.matrix), rest.label)
    net = float(saved.sum()) - calendars.training_cost(1)
    return {
        "kind": kind,
        "seen": str(seen),
        "the gate": verdict.reason,
        "questions": len(rest),
        "saved_until_the_calendar": float(saved.sum()),
        "net": net,
    }


def healthy(last: tuple[challenger.Lesson, Trained]) -> dict:
    """28 days of a model that is right, whose days err together as out-of-fold ones do: how often it is rejected."""
    lesson, model = last
    rows = lesson.everything
    daily = by_day(np.column_stack([model.fitted.held_out - rows.label, np.ones(len(rows))]), rows.service_date)
    gaps = daily[:, 0] / daily[:, 1]
    together = float(np.corrcoef(gaps[1:], gaps[:-1])[0, 1])
    random, days = np.random.default_rng(1), np.datetime64(FIRST) + np.arange(28) * DAY
    found = {"single days": 0, "weeks": 0}
    drawn = draws(28, 1)
    for _ in range(HEALTHY_SERIES):
        series = np.zeros(60)
        for place in range(1, 60):
            series[place] = together * series[place - 1] + random.standard_normal()
        series = series[-28:]
        one, other = interval(series.mean(), drawn @ series / 28), weekly(series, days)
        found["single days"] += one.low > 0 or one.high < 0
        found["weeks"] += other.low > 0 or other.high < 0
    return {"from_one_day_to_the_next": together} | {name: count / HEALTHY_SERIES for name, count in found.items()}


if __name__ == "__main__":
    sys.exit(main())
