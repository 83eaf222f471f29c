"""The figures in README.md: written by machine from reports/run.json, between two markers, and only there."""

import json
import math
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.lanes import lanes
from mlsystem.reporting.markers import Marked

WORDS, CURRENCY = PROBLEM.words, PROBLEM.costs.currency
SECTION = Marked("<!-- figures: written by `make readme` -->", "<!-- end of figures -->")
PROBLEM_SECTION = Marked(
    "<!-- problem: written by `make readme` from docs/domain/README.md -->", "<!-- end of problem -->"
)


def write_problem(root: Path) -> None:
    """Put docs/domain/README.md into README.md, where its links lead from. Raises MarkersMissing."""
    own = root / "docs/domain/README.md"
    if own.exists():
        PROBLEM_SECTION.write(root / "README.md", own.read_text(encoding="utf-8").rstrip("\n"))


def write_figures(readme: Path, reports_dir: Path) -> None:
    """Put the last run's figures between the markers. Raises MarkersMissing, FileNotFoundError."""
    source = reports_dir / "run.json"
    if not source.exists():
        raise FileNotFoundError(f"there is no {source}; run `make demo` first")
    with storage.reading(source, "`make demo` writes it anew"):
        figures = render(json.loads(source.read_text(encoding="utf-8")))
    of_lanes = (lane.readme_figures(reports_dir) for lane in lanes().values() if lane.readme_figures)
    SECTION.write(readme, "\n\n".join([figures, *filter(None, of_lanes)]))


def render(run: dict[str, Any]) -> str:
    """The figures as Markdown: the candidates, then what the run did and how long each stage took."""
    test, serving = run["split"]["test"], run["serving"]
    lines = [
        f"Measured on {test['rows']:,} {WORDS.questions} from {test['first_day']} to {test['last_day']}, seen by none:",
        "",
        f"| model | AUC | PR-AUC | ECE raw | ECE Platt | {PROBLEM.per_1000} | saved | one row |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(name, model, name == run["champion"]) for name, model in run["models"].items()),
        "",
        *_worth(run),
        "",
        f"From {run['rows'][PROBLEM.asked_of]:,} {WORDS.questions}, {run['feature_rows']:,} feature rows and "
        f"{run['rows']['training_set']:,} labelled {WORDS.questions}, joined point in time; "
        f"rows in quarantine: {run['quarantined']}. "
        f"{run['replayed_day']} replayed over HTTP: {serving['requests']:,} requests, {serving['errors']} errors, "
        f"p50 {serving['p50_ms']} ms, p99 {serving['p99_ms']} ms.",
        "",
        f"The run took {run['total_seconds']:.0f} s and {run['peak_memory_mb']:,} MB on {run['cores']} cores: "
        + ", ".join(f"{stage.replace('_', ' ')} {seconds:.0f} s" for stage, seconds in run["stages_seconds"].items())
        + ".",
    ]
    return "\n".join(lines)


def _worth(run: dict[str, Any]) -> list[str]:
    """What the champion's decisions were worth: month by month, and what hangs on the assumed costs."""
    best = run["models"][run["champion"]]
    worth, saved = best["worth"], [one["saved"] for one in run["sensitivity"]]
    perfect, range_of_savings = (
        wording.share(worth["perfect_share"], 0),
        (min(saved, default=None, key=_order), max(saved, default=None, key=_order)),
    )
    cents = [PROBLEM.costs.of(*cell) for cell in ((True, True), (True, False), (False, True))]
    needed, for_nothing, missing = (wording.money(one / 100, CURRENCY) for one in cents)
    acting = needed if needed == for_nothing else f"{needed} where it was needed and {for_nothing} where not"
    return [
        f"Saved is against `{WORDS.hold}` for all, with its 90 % interval over days. The champion by month (bias is "
        f"the mean probability less the share that is {WORDS.positive}):",
        "",
        f"| month | {WORDS.positive} | bias | ECE | precision | recall | saved per 1,000 |",
        "|---|---|---|---|---|---|---|",
        *(_month(month, found) for month, found in (*best["months"].items(), ("all", worth))),
        "",
        f"That is {perfect} of what perfect foresight would save. A {WORDS.acting} costs {acting}, a {WORDS.missing} "
        f"{missing}: {PROBLEM.costs.source}; with each of them halved or doubled it saves "
        f"{wording.between(*range_of_savings)}. {_unlabelled(run)}",
        *_hindsight(run),
    ]


def _unlabelled(run: dict[str, Any]) -> str:
    if run["unlabelled"]["rows"] == 0:
        return f"Each of the {WORDS.questions} of those days has a label."
    return (
        f"{run['unlabelled']['rows']:,} {WORDS.unlabelled} {WORDS.questions} of those days have no label and are not "
        f"counted; were each a {WORDS.missing}, 1,000 would cost {wording.money(run['unlabelled']['cost_per_1000'])} "
        f"{CURRENCY} more."
    )


def _hindsight(run: dict[str, Any]) -> list[str]:
    """What a caller may leave out, and whether it is left out more often of those that never get a label."""
    without, found = run["without_hindsight"], []
    if run["unlabelled"]["rows"] == 0:
        return []
    for name, missing in run["left_out"].items():
        unlabelled, labelled = wording.share(missing["unlabelled"], 1), wording.share(missing["labelled"], 1)
        found += [
            "",
            f"`{name}` may be hindsight: {unlabelled} of the {WORDS.unlabelled} {WORDS.questions} lack it, {labelled} "
            f"of the others. Without it the champion has an AUC of {wording.number(without['auc'], '.3f')}, and 1,000 "
            f"{WORDS.questions} cost {_more(without['dearer_per_1000'])}.",
        ]
    return found


def _more(cost: float | None) -> str:
    if cost is None:
        return "nobody knows how much more"
    return f"{wording.money(abs(cost))} {CURRENCY} {'more' if cost >= 0 else 'less'}"


def _order(saved: float | None) -> float:
    return math.inf if saved is None else saved  # one that is not known makes the range unknown


def _month(month: str, found: dict[str, Any]) -> str:
    cells = [
        month,
        wording.share(found["base_rate"], 1),
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
        wording.number(model["cost_per_1000"]),
        f"{wording.number(saved['value'])} ({wording.between(saved['low'], saved['high'])})",
        wording.number(model["predict_ms_p50"], ".2f", " ms"),
    ]
    return "| " + " | ".join(f"{mark}{cell}{mark}" for cell in (name.replace("_", " "), *figures)) + " |"
