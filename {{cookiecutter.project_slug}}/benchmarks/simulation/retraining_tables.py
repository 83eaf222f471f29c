"""The tables of docs/domain/simulation/retraining.md, from what benchmarks/simulation/retraining.py found."""

from pathlib import Path

from mlsystem import storage
from mlsystem.domain import PROBLEM

BEGIN, END = "<!-- tables: written by `python benchmarks/simulation/retraining.py` -->", "<!-- end of tables -->"
CURRENCY, QUESTIONS = PROBLEM.costs.currency, PROBLEM.words.questions


def write(page: Path, report: dict) -> None:
    """Put the tables between the page's markers; a page that is not there yet has nothing else."""
    text = page.read_text(encoding="utf-8") if page.exists() else f"# What retraining is worth\n\n{BEGIN}\n{END}\n"
    storage.write_text(page, f"{text.partition(BEGIN)[0]}{BEGIN}\n{tables(report)}\n{END}{text.partition(END)[2]}")


def tables(report: dict) -> str:
    """The report for people, as Markdown."""
    policies, pairs = dict(report["policies"]), report["gate"]
    bands, asked = policies.pop("bands"), policies.pop("asked")
    cost, count = f"{asked['frozen_cost']:,.0f} {CURRENCY}", f"{asked['questions']:,} {QUESTIONS}"
    lines = [f"{asked['first']} to {asked['last']}: {count}, which cost {cost} under the first model.", ""]
    lines += [f"| policy | trainings | promoted | saved, {CURRENCY} | 90 % interval | less the trainings' price |"]
    lines += ["|---|---|---|---|---|---|"]
    for name, one in policies.items():
        between = f"{one['low']:,.0f} to {one['high']:,.0f}"
        lines.append(
            f"| {name} | {one['trainings']} | {one['promoted']} | {one['value']:,.0f} | {between} | {one['net']:,.0f} |"
        )
    lines += ["", "All calendars of so many of the later months:", ""]
    lines += ["| trainings | calendars | 5 % | median | 95 % | median less the price |", "|---|---|---|---|---|---|"]
    for one in bands:
        figures = " | ".join(f"{one[name]:,.0f}" for name in ("low", "median", "high", "net"))
        lines.append(f"| {one['trainings']} | {one['calendars']} | {figures} |")
    planted = f"A break planted on {report['break_on']}, between two dates"
    lines += ["", f"{planted}; the trigger alone is asked, by its own limits:", ""]
    lines += [f"| break | seen | the gate | saved until the next date, {CURRENCY} | per 1,000 {QUESTIONS} |"]
    lines += ["|---|---|---|---|---|"]
    for one in report["breaks"]:
        if one["seen"] is None:
            lines.append(f"| {one['kind']} | not seen | | | |")
            continue
        saved = one["saved_until_the_calendar"]
        share = 1000 * saved / one["questions"]
        lines.append(f"| {one['kind']} | {one['seen']} | {one['the gate']} | {saved:,.0f} | {share:,.0f} |")
    return "\n".join([*lines, "", _of_the_gate(pairs), "", _of_the_test(report["healthy"])])


def _of_the_gate(found: dict) -> str:
    per_1000 = f"{CURRENCY} per 1,000 {QUESTIONS}"
    return (
        f"The gate, over {len(found['pairs'])} pairs of champion and challenger: "
        f"{found['judged_mean']:+,.0f} {per_1000} "
        f"on the judged days, which the judged model did not learn from, "
        f"{found['next_mean']:+,.0f} in the month after. "
        f"{found['accepted']} were let in, of which {found['accepted_and_dearer']} were dearer in the month after, "
        f"{found['accepted_and_surely_dearer']} surely; {found['refused']} were refused, of which "
        f"{found['refused_and_cheaper']} were cheaper. If it had to be shown better, "
        f"{found['would_be_accepted_if_it_had_to_be_shown_better']} would be let in."
    )


def _of_the_test(found: dict) -> str:
    return (
        f"A model that is right, whose days err together as out-of-fold ones do "
        f"({found['from_one_day_to_the_next']:.2f} from one to the next): over 28 days its 90 % interval leaves out "
        f"zero in {found['single days']:.0%} of simulated series by days, in {found['weeks']:.0%} by weeks."
    )
