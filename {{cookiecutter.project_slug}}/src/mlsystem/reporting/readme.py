"""The figures in README.md: written by machine from reports/run.json, between two markers, and only there."""

import json
import math
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.domain.costs import cost_cents
from mlsystem.errors import UserError

BEGIN, END = "<!-- figures: written by `make readme` -->", "<!-- end of figures -->"


class MarkersMissing(UserError):
    """The README has no place for the figures."""


def write_figures(readme: Path, reports_dir: Path) -> None:
    """Put the last run's figures between the markers. Raises MarkersMissing, FileNotFoundError."""
    source = reports_dir / "run.json"
    if not source.exists():
        raise FileNotFoundError(f"there is no {source}; run `make demo` first")
    text = readme.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise MarkersMissing(f"{readme} has no lines `{BEGIN}` and `{END}`; put them where the figures belong")
    with storage.reading(source, "`make demo` writes it anew"):
        figures = render(json.loads(source.read_text(encoding="utf-8")))
    if (year := reports_dir / "year.json").exists():
        with storage.reading(year, "`make year` writes it anew"):
            figures += "\n\n" + render_year(json.loads(year.read_text(encoding="utf-8")))
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    storage.write_text(readme, f"{head}{BEGIN}\n{figures}\n{END}{tail}")


def render(run: dict[str, Any]) -> str:
    """The figures as Markdown: the candidates, then what the run did and how long each stage took."""
    test, serving = run["split"]["test"], run["serving"]
    lines = [
        f"Measured on {test['flights']:,} flights from {test['first_day']} to {test['last_day']}, which no model saw:",
        "",
        "| model | AUC | PR-AUC | ECE raw | ECE Platt | USD per 1,000 flights | saved by warning | one row |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(name, model, name == run["champion"]) for name, model in run["models"].items()),
        "",
        *_worth(run),
        "",
        f"From {run['rows']['flights']:,} flights, {run['feature_rows']:,} feature rows and "
        f"{run['rows']['training_set']:,} labelled flights, joined point in time; "
        f"rows in quarantine: {run['quarantined']}. "
        f"{run['replayed_day']} replayed over HTTP: {serving['requests']:,} requests, {serving['errors']} errors, "
        f"p50 {serving['p50_ms']} ms, p99 {serving['p99_ms']} ms.",
        "",
        f"The run took {run['total_seconds']:.0f} s and {run['peak_memory_mb']:,} MB on {run['cores']} cores: "
        + ", ".join(f"{stage.replace('_', ' ')} {seconds:.0f} s" for stage, seconds in run["stages_seconds"].items())
        + ".",
    ]
    return "\n".join(lines)


def render_year(year: dict[str, Any]) -> str:
    """What `make year` found, as Markdown: the loop beside a model that stays, a calendar, and calendars at random."""
    policies, flights, seconds = year["policies"], year["replay"]["flights"], year["seconds"].get("the life")
    took = f" in {seconds / 60:.0f} minutes" if seconds else ""  # not told of a life that was stopped on its way
    null = {int(one["trainings"]): one for one in year["bands"]}
    return "\n".join(
        [
            f"`make year` lived {year['first']} to {year['last']}{took} "
            f"({flights:,} flights asked, {year['replay']['errors']} errors). Against a model that never retrains, in "
            f"dollars of all those flights, a training costing {wording.number(year['training_usd'])} (assumed):",
            "",
            "| policy | trainings | AUC | saved (90 %) | after their cost | as many at random: median (5 to 95 %) |",
            "|---|---|---|---|---|---|",
            *(_policy(name, one, year["totals"][name], null) for name, one in policies.items()),
        ]
    )


def _policy(name: str, policy: dict[str, Any], total: dict[str, Any], null: dict[int, dict[str, Any]]) -> str:
    """`null`: what all calendars of so many trainings saved, by their number."""
    saved, other = policy["saved"], null.get(len(policy["trained"]))
    at_random = f"{wording.number(other['median'])} ({wording.between(other['low'], other['high'])})" if other else ""
    cells = [
        name,
        str(len(policy["trained"])),
        wording.number(total["auc"]["value"], ".3f"),
        f"{wording.number(saved['value'])} ({wording.between(saved['low'], saved['high'])})",
        wording.number(policy["net"]),
        at_random,
    ]
    return "| " + " | ".join(cells) + " |"


def _worth(run: dict[str, Any]) -> list[str]:
    """What the champion's warnings were worth: month by month, and what hangs on the assumed costs."""
    best, unnamed, without = run["models"][run["champion"]], run["no_tail_number"], run["without_tail_number"]
    worth, saved = best["worth"], [one["saved"] for one in run["sensitivity"]]
    perfect, range_of_savings = (
        wording.share(worth["perfect_share"], 0),
        (min(saved, default=None, key=_order), max(saved, default=None, key=_order)),
    )
    warning, surprise = (cost_cents(is_warned, True) / 100 for is_warned in (True, False))
    return [
        "Saved is against never warning, with its 90 % interval over days. The champion by month (bias is the mean "
        "probability less the late share):",
        "",
        "| month | late | bias | ECE | precision | recall | saved per 1,000 |",
        "|---|---|---|---|---|---|---|",
        *(_month(month, found) for month, found in (*best["months"].items(), ("all", worth))),
        "",
        f"That is {perfect} of what perfect foresight would save. A warning costs {warning:,.0f} dollars, a surprise "
        f"{surprise:,.0f}: assumptions, for one traveller per flight; with each of them halved or doubled it saves "
        f"{wording.between(*range_of_savings)}. {run['never_arrived']['flights']:,} cancelled or diverted flights of "
        "those days have no label and are not counted; were each a surprise, 1,000 scheduled flights would cost "
        f"{wording.number(run['never_arrived']['usd_per_1000'])} dollars more.",
        "",
        f"Its tail numbers are hindsight: {wording.share(unnamed['cancelled'], 0)} of the cancelled flights lack one, "
        f"{wording.share(unnamed['flown'], 1)} of the flown. Without any it has an AUC of "
        f"{wording.number(without['auc'], '.3f')}, and 1,000 flights cost "
        f"{wording.number(without['dearer_usd_per_1000'])} dollars more.",
    ]


def _order(saved: float | None) -> float:
    return math.inf if saved is None else saved  # one that is not known makes the range unknown


def _month(month: str, found: dict[str, Any]) -> str:
    cells = [
        month,
        wording.share(found["late_share"], 1),
        wording.number(found["bias"], "+.3f"),
        *(wording.number(found[name], ".3f") for name in ("ece", "precision", "recall")),
        f"{wording.number(found['saved']['value'])} ({wording.between(found['saved']['low'], found['saved']['high'])})",
    ]
    return "| " + " | ".join(cells) + " |"


def _row(name: str, model: dict[str, Any], is_champion: bool) -> str:
    mark, saved = "**" if is_champion else "", model["worth"]["saved"]
    figures = [
        wording.number(model["auc"], ".3f"),
        wording.number(model["pr_auc"], ".3f"),
        *(wording.number(model["variants"][how]["ece"], ".3f") for how in ("raw", "platt")),
        wording.number(model["usd_per_1000"]),
        f"{wording.number(saved['value'])} ({wording.between(saved['low'], saved['high'])})",
        wording.number(model["predict_ms_p50"], ".2f", " ms"),
    ]
    return "| " + " | ".join(f"{mark}{cell}{mark}" for cell in (name.replace("_", " "), *figures)) + " |"
