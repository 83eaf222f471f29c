"""What retraining is worth beside its nulls, what the gate is worth, and what the trigger is for: 10 to 20 minutes.

`python benchmarks/retraining.py`, after `make train`. The recipe of retraining/challenger.py on each month's first day
of March to December 2013, labels as they became known, no service. Writes reports/retraining.json and the tables of
docs/retraining.md.

* Policies and the band of all calendars, in dollars, less what a training costs.
* The gate on days that its model did not learn from, for all 45 pairs of champion and challenger, against what the
  challenger was then worth in the month after: how often it was let in and dearer, or refused and cheaper.
* Two breaks planted on 10 July, between two dates of the calendar: whether the trigger sees them, and what it saves.
* How often the test of live probabilities rejects a model that is right, when the errors of days go together.
"""

import json
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations

import numpy as np
import pyarrow.parquet as pq

from mlsystem import storage
from mlsystem.domain.request import MODEL_COLUMNS
from mlsystem.monitoring.resampled import cost_usd
from mlsystem.monitoring.skew import compared
from mlsystem.retraining import calendars, challenger
from mlsystem.retraining.evidence import Evidence, Shadowed, mean_gains
from mlsystem.retraining.gate import judge
from mlsystem.settings import ROOT, configure_tools, load_project, load_settings
from mlsystem.training.bootstrap import by_day, draws, interval, weekly
from mlsystem.training.slices import masks
from mlsystem.training.split import Rows, known_at, rows_of
from mlsystem.training.trained import Trained

NEW_YEAR, MONTHS = date(2013, 1, 1), tuple(date(2013, month, 1) for month in range(3, 13))
BREAK, HEALTHY_SERIES = date(2013, 7, 10), 2_000
DAY = np.timedelta64(1, "D")
PAGE = ROOT / "docs/retraining.md"
BEGIN, END = "<!-- tables: written by `python benchmarks/retraining.py` -->", "<!-- end of tables -->"


@dataclass(frozen=True)
class Year:
    rows: Rows
    known_at: np.ndarray
    seed: int

    def train(self, today: date, champion_since: date | None = None) -> tuple[challenger.Lesson, Trained]:
        lesson = challenger.window(self.rows, self.known_at, NEW_YEAR, today, champion_since)
        return lesson, challenger.train_challenger(lesson, today, self.seed, 1)

    def between(self, first: date, until: date) -> Rows:
        dates = self.rows.service_date
        return self.rows.where((dates >= np.datetime64(first)) & (dates < np.datetime64(until)))


def main() -> int:
    settings = load_settings()
    configure_tools(settings)
    table = pq.read_table(settings.training_sets_dir / "delay_v1.parquet")
    year = Year(rows_of(table), known_at(table), load_project().seed)
    models = {}
    for day in MONTHS:
        models[day] = year.train(day)
        print(f"trained on {day}", flush=True)
    delays = table["arrival_delay_minutes"].to_numpy()
    report = {
        "seed": year.seed,
        "policies": policies(year, models),
        "gate": gate(year, models),
        "breaks": [broken(year, models[date(2013, 7, 1)][1], kind, delays) for kind in ("20 minutes more", "hours")],
        "healthy": healthy(models[MONTHS[-1]]),
    }
    settings.reports_dir.mkdir(parents=True, exist_ok=True)
    (settings.reports_dir / "retraining.json").write_text(json.dumps(report, indent=2) + "\n")
    text = PAGE.read_text(encoding="utf-8")
    storage.write_text(PAGE, f"{text.partition(BEGIN)[0]}{BEGIN}\n{tables(report)}\n{END}{text.partition(END)[2]}")
    print(f"wrote {PAGE}")
    return 0


def tables(report: dict) -> str:
    """The report for people, as Markdown."""
    policies, pairs = dict(report["policies"]), report["gate"]
    bands, flights, frozen = (policies.pop(name) for name in ("bands", "flights", "frozen_usd"))
    lines = [f"March to December 2013, {flights:,} flights, which cost {frozen:,.0f} USD under the model of March.", ""]
    lines += ["| policy | trainings | promoted | saved, USD | 90 % interval | less the trainings' price |"]
    lines += ["|---|---|---|---|---|---|"]
    for name, one in policies.items():
        between = f"{one['low']:,.0f} to {one['high']:,.0f}"
        lines.append(
            f"| {name} | {one['trainings']} | {one['promoted']} | {one['value']:,.0f} | {between} | {one['net']:,.0f} |"
        )
    lines += ["", "All calendars of so many of the nine months:", ""]
    lines += ["| trainings | calendars | 5 % | median | 95 % | median less the price |", "|---|---|---|---|---|---|"]
    for one in bands:
        figures = " | ".join(f"{one[name]:,.0f}" for name in ("low", "median", "high", "net"))
        lines.append(f"| {one['trainings']} | {one['calendars']} | {figures} |")
    lines += ["", f"A break planted on {BREAK}, between two dates; the trigger alone is asked, by its own limits:", ""]
    lines += ["| break | seen | the gate | saved until August, USD | per 1,000 flights |", "|---|---|---|---|---|"]
    for one in report["breaks"]:
        if one["seen"] is None:
            lines.append(f"| {one['kind']} | not seen | | | |")
            continue
        saved = one["saved_until_the_calendar"]
        share = 1000 * saved / one["flights"]
        lines.append(f"| {one['kind']} | {one['seen']} | {one['the gate']} | {saved:,.0f} | {share:,.0f} |")
    return "\n".join([*lines, "", _of_the_gate(pairs), "", _of_the_test(report["healthy"])])


def _of_the_gate(found: dict) -> str:
    return (
        f"The gate, over {len(found['pairs'])} pairs of champion and challenger: {found['judged_mean']:+,.0f} USD per "
        f"1,000 flights on the judged days, which the judged model did not learn from, {found['next_mean']:+,.0f} in "
        f"the month after. {found['accepted']} were let in, of which {found['accepted_and_dearer']} were dearer in the "
        f"month after, {found['accepted_and_surely_dearer']} surely; {found['refused']} were refused, of which "
        f"{found['refused_and_cheaper']} were cheaper. If it had to be shown better, "
        f"{found['would_be_accepted_if_it_had_to_be_shown_better']} would be let in."
    )


def _of_the_test(found: dict) -> str:
    return (
        f"A model that is right, whose days err together as out-of-fold ones do "
        f"({found['from_one_day_to_the_next']:.2f} from one to the next): over 28 days its 90 % interval leaves out "
        f"zero in {found['single days']:.0%} of simulated series by days, in {found['weeks']:.0%} by weeks."
    )


def policies(year: Year, models: dict) -> dict:
    """USD saved over the frozen model by each policy at the same days, before and after what the trainings cost."""
    live = year.between(MONTHS[0], date(2014, 1, 1))
    scores = np.full((len(MONTHS), len(live)), np.nan)
    for place, (day, (_, model)) in enumerate(models.items()):
        later = live.service_date >= np.datetime64(day)
        scores[place, later] = model.predict(live.matrix[later])
    limits = tuple(model.drift_limits.gap for _, model in models.values())
    dated = calendars.Dated(MONTHS, scores, limits, live.is_late, live.service_date)
    gated = [0]
    for place in range(1, len(MONTHS)):
        if judge(_evidence(models, MONTHS[gated[-1]], MONTHS[place])).accepted:
            gated.append(place)
    frozen = cost_usd(dated.answers([0]), live.is_late)
    found = {}
    for name, trained, paid in (
        ("calendar", list(range(len(MONTHS))), len(MONTHS) - 1),
        ("calendar through the gate", gated, len(MONTHS) - 1),
        ("trigger alone", calendars.by_the_trigger(dated), None),
    ):
        saved = frozen - cost_usd(dated.answers(trained), live.is_late)
        count = len(trained) - 1 if paid is None else paid
        drawn = draws(len(np.unique(live.service_date)), year.seed) @ by_day(saved[:, None], live.service_date)
        between = interval(float(saved.sum()), drawn[:, 0])
        net = between.value - calendars.training_usd(count)
        found[name] = vars(between) | {"trainings": count, "promoted": len(trained) - 1, "net": net}
    return found | {"bands": calendars.bands(dated), "flights": len(live), "frozen_usd": float(frozen.sum())}


def _evidence(models: dict, champion: date, today: date) -> Evidence:
    """The rehearsal of `today` and the champion, on the last weeks, of which the rehearsal knows nothing."""
    lesson, model = models[today]
    unseen = lesson.judged.where(lesson.judged.service_date >= np.datetime64(max(lesson.judged_from, champion)))
    served = dict(zip(MODEL_COLUMNS, unseen.matrix.T, strict=True))
    return Evidence(
        models[champion][1].predict(unseen.matrix),
        model.rehearsal.predict(unseen.matrix),
        unseen.is_late,
        unseen.service_date,
        {f"{by} {value}": mask for by, value, mask in masks(unseen) if by != "month"},
        model.latency_ms,
        1_000_000,
        compared(served, served),
        Shadowed(len(unseen), len(unseen), 0.0),  # no service runs here
    )


def gate(year: Year, models: dict) -> dict:
    """Each pair's verdict, what was gained on the judged days, and what in the month after, USD per 1,000 flights."""
    pairs = []
    for champion, today in combinations(MONTHS, 2):
        evidence = _evidence(models, champion, today)
        after = year.between(today, today + timedelta(days=31))
        then = cost_usd(models[champion][1].predict(after.matrix), after.is_late)
        saved = 1_000 * (then - cost_usd(models[today][1].predict(after.matrix), after.is_late))
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


def broken(year: Year, champion: Trained, kind: str, delays: np.ndarray) -> dict:
    """A break between two dates: the night on which the trigger sees it, and what training then saves until August."""
    is_after = year.rows.service_date >= np.datetime64(BREAK)
    if kind == "hours":  # every delay feature is suddenly in hours
        matrix = year.rows.matrix.copy()
        columns = [place for place, name in enumerate(MODEL_COLUMNS) if "delay" in name]
        matrix[np.ix_(is_after, columns)] /= 60
        rows = replace(year.rows, matrix=matrix)
    else:
        rows = replace(year.rows, is_late=np.where(is_after, delays >= 15 - 20, year.rows.is_late))
    world, august = replace(year, rows=rows), date(2013, 8, 1)
    live = world.between(date(2013, 7, 1), august)
    scores = np.stack([champion.predict(live.matrix)])
    limits = (champion.drift_limits.gap,)
    dated = calendars.Dated((date(2013, 7, 1),), scores, limits, live.is_late, live.service_date)
    nights = (BREAK + timedelta(days=n) for n in range((august - BREAK).days))
    seen = next((night for night in nights if calendars.is_beyond(dated, 0, np.datetime64(night))), None)
    if seen is None:
        return {"kind": kind, "seen": None}
    lesson, model = world.train(seen, date(2013, 7, 1))
    verdict = judge(_evidence({date(2013, 7, 1): (None, champion), seen: (lesson, model)}, date(2013, 7, 1), seen))
    rest = world.between(seen + timedelta(days=1), august)  # a day in the shadow
    saved = cost_usd(champion.predict(rest.matrix), rest.is_late) - cost_usd(model.predict(rest.matrix), rest.is_late)
    net = float(saved.sum()) - calendars.training_usd(1)
    return {
        "kind": kind,
        "seen": str(seen),
        "the gate": verdict.because,
        "flights": len(rest),
        "saved_until_the_calendar": float(saved.sum()),
        "net": net,
    }


def healthy(december: tuple[challenger.Lesson, Trained]) -> dict:
    """28 days of a model that is right, whose days err together as out-of-fold ones do: how often it is rejected."""
    lesson, model = december
    rows = lesson.everything
    daily = by_day(np.column_stack([model.fitted.held_out - rows.is_late, np.ones(len(rows))]), rows.service_date)
    gaps = daily[:, 0] / daily[:, 1]
    together = float(np.corrcoef(gaps[1:], gaps[:-1])[0, 1])
    random, days = np.random.default_rng(1), np.datetime64("2013-01-01") + np.arange(28) * DAY
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
