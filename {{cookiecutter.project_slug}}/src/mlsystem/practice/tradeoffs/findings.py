"""All that was measured as plain data, with what it is compared with: the nulls, the champion, and a choice."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.practice import prices
from mlsystem.practice.tradeoffs import quality, rounds
from mlsystem.practice.tradeoffs.comparisons import METRICS
from mlsystem.practice.tradeoffs.grading import KNOWS_NOTHING, summary
from mlsystem.practice.tradeoffs.grid import AXES, Setting
from mlsystem.practice.tradeoffs.lab import Lab
from mlsystem.training.bootstrap_intervals import Interval, by_day, draws, interval
from mlsystem.training.evaluation import cents, cost_per_1000


def findings(lab: Lab, folder: Path) -> dict[str, Any]:
    """What reports/tradeoffs.json holds, and the page shows. Raises NotMeasured, RecordChanged."""
    measured = [
        one | {"against_own": _against_own(lab, s)} for s, one in zip(lab.everything, lab.figures(), strict=True)
    ]
    baseline, listed = Setting("main", "climatology", ()), prices.read()
    return {
        "champion": lab.champion,
        "seed": lab.seed,
        "judged": lab.parts.test.about(),
        "chosen_on": lab.parts.tune.about(),
        "act_above": PROBLEM.costs.act_above,
        "prices": {name: listed.price[name].value for name in ("core_hour", "memory_gb_hour")},
        "currency": listed.currency,  # of those prices; what decisions cost has its own
        "nulls": quality.nulls(lab.scores(baseline, "test"), lab.parts.test, PROBLEM.costs.act_above, lab.seed),
        "axes": {axis: [one for one in measured if one["setting"]["axis"] == axis] for axis in AXES},
        "choice": _choice(lab),
        "front": {
            "money": front(measured, "p99_ms", "saved"),
            "accuracy": front(measured, "cost_per_million", "auc"),
        },
        "rounds": rounds.revealed(folder),
        "answers": _answers(folder),
        "score": summary([grade for one in rounds.revealed(folder) for grade in one["grades"]]),
        "knows_nothing": KNOWS_NOTHING,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write(lab: Lab, found: Mapping[str, Any]) -> Path:
    path = lab.settings.reports_dir / "tradeoffs.json"
    storage.write_json(path, found)
    return path


def front(measured: list[dict[str, Any]], lower: str, higher: str) -> list[str]:
    """The names of the main settings that no other beats on both: less of the one and more of the other."""
    points = [
        (one["setting"]["name"], one[lower], value["value"] if isinstance(value := one[higher], Mapping) else value)
        for one in measured
        if one["setting"]["axis"] == "main"
    ]
    return [
        name
        for name, low, high in points
        if not any(x <= low and y >= high and (x, y) != (low, high) for _, x, y in points)
    ]


def _against_own(lab: Lab, setting: Setting) -> dict[str, float] | None:
    """Money per 1,000 that it saves over the champion's own setting, day by day the same questions; None of a speed."""
    if setting.axis == "serving":
        return None
    rows = lab.parts.test
    own, other = (cents(lab.scores(one, "test") > one.threshold, rows.label) * 10.0 for one in (lab.own, setting))
    return asdict(_mean(own - other, rows.service_date, lab.seed))


def _mean(values: np.ndarray, service_date: np.ndarray, seed: int) -> Interval:
    daily = by_day(np.column_stack([values, np.ones(len(values))]), service_date)
    drawn = draws(len(daily), seed) @ daily
    return interval(float(values.mean()), drawn[:, 0] / drawn[:, 1])


def _choice(lab: Lab) -> dict[str, Any]:
    """The cheapest main setting and the cheapest threshold on the choosing days, and what each then cost."""
    main = [one for one in lab.everything if one.axis == "main"]
    tune, test = lab.parts.tune, lab.parts.test
    best = min(main, key=lambda one: cost_per_1000(lab.scores(one, "tune") > one.threshold, tune.label))
    above = quality.cheapest_threshold(lab.scores(lab.own, "tune"), tune)
    own = lab.scores(lab.own, "test")
    return {
        "setting": best.name,
        "setting_cost": cost_per_1000(lab.scores(best, "test") > best.threshold, test.label),
        "own_cost": cost_per_1000(own > PROBLEM.costs.act_above, test.label),
        "threshold": above,
        "threshold_cost": cost_per_1000(own > above, test.label),
    }


def _answers(folder: Path) -> list[dict[str, Any]]:
    """Each revealed question with what was said and what was so."""
    grades = {(one["round"], grade["number"]): grade for one in rounds.revealed(folder) for grade in one["grades"]}
    return [
        {
            "round": one.number,
            "text": str(comparison),
            "unit": METRICS[comparison.metric].unit,
            "metric": METRICS[comparison.metric].meaning,
            "part": comparison.part,
            "a": comparison.a.name,
            "b": comparison.b.name,
            **asdict(one.predictions[comparison.number]),
            **grades[one.number, comparison.number],
        }
        for one in rounds.rounds(folder)
        if one.is_revealed
        for comparison in one.comparisons
    ]
