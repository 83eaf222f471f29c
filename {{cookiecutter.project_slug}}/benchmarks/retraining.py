"""When retraining pays: a frozen model, one retrained every month, and the loop: `python benchmarks/retraining.py`.

March to December 2013 on the built training set (`make train` first), labels as they became known; 4 minutes of one
core. Prints tables and writes reports/retraining.json.

What was tuned on what: one year is all there is. The decision's two causes (the interval of the gap, and of the
surplus, does not hold 0) and its window of 28 days were chosen after looking at these very months. So the figures say
that such a rule can do it, not that it will next year. The last table varies each constant alone, and the day of the
month on which it is asked, to show how much hangs on the choice.
"""

import json
import sys
from datetime import date

import numpy as np
import seasons as lived_by
from seasons import FIRST, Seasons, answers, kept, load, loop

from mlsystem.monitoring.resampled import intervals
from mlsystem.retraining.decision import Limits
from mlsystem.settings import configure_tools, load_project, load_settings

MONTHS = range(3, 13)
PROMOTIONS = {
    "at once": lived_by.at_once,
    "gate on the log's last 28 days": lived_by.by_the_log,
    "gate on 14 to 28 days of live shadow": lived_by.in_the_shadow,
}
VARIED = {
    "window_days": (14, 21, 42, 56),
    "fewest_new_labels": (1_000, 20_000),
    "fewest_days_between": (14, 56),
    "most_days_between": (60, 90, 240),
    "fewest_window_labels": (1_000, 10_000),
}


def main() -> int:
    settings = load_settings()
    configure_tools(settings)
    seasons = load(settings, load_project().seed)
    report = measure(seasons)
    settings.reports_dir.mkdir(parents=True, exist_ok=True)
    (settings.reports_dir / "retraining.json").write_text(json.dumps(report, indent=2) + "\n")
    print_report(report)
    return 0 if report["loops"]["at once"]["kept"]["usd"][0] >= 0.8 else 1


def measure(seasons: Seasons) -> dict:
    firsts = [date(2013, month, 1) for month in MONTHS[1:]]
    frozen, ceiling = answers(seasons, [(FIRST, FIRST)]), answers(seasons, [(day, day) for day in (FIRST, *firsts)])
    loops, policies = {}, {"frozen": frozen, "ceiling": ceiling}
    for name, promote in PROMOTIONS.items():
        lived, lines = loop(seasons, firsts, promote)
        policies[f"loop, {name}"] = answers(seasons, lived)
        loops[name] = summary(seasons, lived, lines, frozen, ceiling)
    return {
        "seed": seasons.seed,
        "ceiling_retrainings": len(firsts),
        "loops": loops,
        "months": {name: by_month(seasons, scores) for name, scores in policies.items()},
        "sensitivity": sensitivity(seasons, firsts),
    }


def summary(seasons: Seasons, lived: list, lines: list[str], frozen: np.ndarray, ceiling: np.ndarray) -> dict:
    return {
        "retrainings": sum(" retrain: " in line for line in lines),
        "promoted": [str(day) for day, _ in lived[1:]],
        "kept": kept(seasons, frozen, answers(seasons, lived), ceiling),
        "decisions": lines,
    }


def by_month(seasons: Seasons, scores: np.ndarray) -> dict[str, dict[str, list[float]]]:
    """[value, low, high] of AUC, log-loss and dollars in each month."""
    months = seasons.rows.service_date.astype("datetime64[M]")
    found = {}
    for month in MONTHS:
        of = months == np.datetime64(f"2013-{month:02d}")
        each = intervals(scores[of], seasons.rows.is_late[of], seasons.rows.service_date[of], seasons.seed)
        names = ("auc", "log_loss", "usd_per_1000")
        found[f"2013-{month:02d}"] = {
            name: [round(x, 4) for x in (each[name].value, each[name].low, each[name].high)] for name in names
        }
    return found


def sensitivity(seasons: Seasons, firsts: list[date]) -> list[dict]:
    """The loop that promotes at once, with each constant changed alone, and asked on the 15th."""
    changed = [(f"{name} = {value}", firsts, Limits(**{name: value})) for name in VARIED for value in VARIED[name]]
    fifteenths = [date(2013, month, 15) for month in MONTHS[1:]]
    found = []
    for name, days, limits in (*changed, ("asked on the 15th", fifteenths, Limits())):
        frozen, ceiling = answers(seasons, [(FIRST, FIRST)]), answers(seasons, [(day, day) for day in (FIRST, *days)])
        lived, lines = loop(seasons, days, lived_by.at_once, limits)
        found.append({"changed": name} | summary(seasons, lived, lines, frozen, ceiling))
    return found


def print_report(report: dict) -> None:
    months = report["months"]
    for measure, form in (("auc", ".3f"), ("log_loss", ".3f"), ("usd_per_1000", ",.0f")):
        print(f"{measure:40}" + "".join(f"{month[5:]:>9}" for month in months["frozen"]))
        for name, each in months.items():
            print(f"{name:40}" + "".join(f"{value[measure][0]:>9{form}}" for value in each.values()))
    print(f"\n{'share of the gain of ' + str(report['ceiling_retrainings']) + ' retrainings':40}  retrained  kept")
    for name, each in report["loops"].items():
        print(f"{name:40}{each['retrainings']:>11}  {each['kept']}")
    for each in report["sensitivity"]:
        print(f"{each['changed']:40}{each['retrainings']:>11}  {each['kept']}")
    print("\n".join(["", *report["loops"]["at once"]["decisions"]]))


if __name__ == "__main__":
    sys.exit(main())
