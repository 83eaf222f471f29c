"""What `make year` found, as Markdown: the loop beside a model that stays, a calendar, and calendars at random."""

from typing import Any

from mlsystem import wording
from mlsystem.domain import PROBLEM

WORDS, CURRENCY = PROBLEM.words, PROBLEM.costs.currency


def render(year: dict[str, Any]) -> str:
    """Of reports/year.json."""
    policies, questions, seconds = year["policies"], year["replay"]["questions"], year["seconds"].get("the life")
    took = f" in {seconds / 60:.0f} minutes" if seconds else ""  # not told of a life that was stopped on its way
    null = {int(one["trainings"]): one for one in year["bands"]}
    return "\n".join(
        [
            f"`make year` lived {year['first']} to {year['last']}{took} "
            f"({questions:,} {WORDS.questions} asked, {year['replay']['errors']} errors). Against a model that never "
            f"retrains, in {CURRENCY}, a training costing {wording.money(year['training_cost'])} (assumed):",
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
