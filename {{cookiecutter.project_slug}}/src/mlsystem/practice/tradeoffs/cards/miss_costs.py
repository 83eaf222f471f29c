"""Card: a miss costs five times more. Threshold, decisions and page must follow."""

import json
import math
from typing import Any

from mlsystem import storage, wording
from mlsystem.contract.costs import Costs
from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs.cards import state
from mlsystem.practice.tradeoffs.cards.card import Card, Target, Terms
from mlsystem.settings import Settings

TIMES = 5
CELLS = {"acted, true": (True, True), "acted, not true": (True, False)} | {
    "not acted, true": (False, True),
    "not acted, not true": (False, False),
}
MISS = "not acted, true"


def deal(settings: Settings, seed: int) -> dict[str, Any]:
    before = {name: PROBLEM.costs.cents[cell] for name, cell in CELLS.items()}
    return {"before": before, "cents": before | {MISS: before[MISS] * TIMES}}


def said(terms: Terms) -> str:
    before, after = (wording.money(terms[when][MISS] / 100, PROBLEM.costs.currency) for when in ("before", "cents"))
    words = PROBLEM.words
    return (
        f"We counted again. A {words.missing} does not cost us {before}, it costs {after}; nothing else changed. I "
        f"want the system to decide by that from today on, and the report to say what it is worth."
    )


def required(terms: Terms) -> Costs:
    return Costs({cell: terms["cents"][name] for name, cell in CELLS.items()}, 0)


def check(settings: Settings, terms: Terms) -> list[Target]:
    model = state.champion(settings)
    logged = _decisions(settings, model.version) if model else []
    report = settings.reports_dir / "run.json"
    run = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    page = settings.reports_dir / "report.html"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return [
        declared(PROBLEM.costs, terms),
        threshold(model.act_above if model else math.nan, terms),
        decisions(logged, terms),
        told(run, text, terms),
    ]


def declared(costs: Costs, terms: Terms) -> Target:
    wrong = [name for name, cell in CELLS.items() if costs.cents[cell] != terms["cents"][name]]
    return Target("the declared costs are the new ones", not wrong, f"other cents: {', '.join(wrong) or 'none'}")


def threshold(act_above: float, terms: Terms) -> Target:
    best = required(terms).act_above
    found = f"{wording.number(act_above, '.4f')}, and the new costs are cheapest at {best:.4f}"
    return Target("the champion acts where acting is cheaper now", math.isclose(act_above, best, rel_tol=1e-9), found)


def decisions(logged: list[tuple[float, str]], terms: Terms) -> Target:
    """(probability, decision) of what the champion has answered."""
    best, words = required(terms).act_above, PROBLEM.words
    wrong = sum((decision == words.act) != (probability > best) for probability, decision in logged)
    name = "what the champion has answered since was decided by it"
    return Target(name, bool(logged) and not wrong, f"{wrong:,} of {len(logged):,} logged decisions are others")


def told(run: dict[str, Any], page: str, terms: Terms) -> Target:
    """Never acting costs the misses alone, so the report's figure for it says by which costs it was made."""
    name = "the report's money is by the new costs"
    if "split" not in run:
        return Target(name, False, "there is no report")
    share, cents = run["split"]["test"]["base_rate"], required(terms).cents
    never = 10 * (share * cents[False, True] + (1 - share) * cents[False, False])
    figure = run["never_act_cost_per_1000"]
    is_told = math.isclose(figure, never, rel_tol=1e-6) and wording.money(figure) in page
    return Target(name, is_told, f"never acting: {wording.money(figure)}, by the new costs {wording.money(never)}")


def _decisions(settings: Settings, version: str) -> list[tuple[float, str]]:
    from mlsystem.serving import prediction_log

    try:
        prediction_log.check_some(settings.predictions_dir)
        log = prediction_log.read(settings.predictions_dir)
    except (prediction_log.NothingLogged, storage.CorruptPartition):
        return []
    rows = log.select(["probability", "decision", "model_version"]).to_pylist()
    return [(row["probability"], row["decision"]) for row in rows if row["model_version"] == version]


CARD = Card(
    "miss-costs",
    f"A {PROBLEM.words.missing} costs five times more",
    45,
    said,
    (
        "The declared costs, all four of them.",
        "The champion's threshold, against the one that this check computes from the new costs.",
        "Each decision in the prediction log that the champion has taken.",
        "The report: what never acting costs there, and whether the page shows it.",
    ),
    deal,
    check,
)
