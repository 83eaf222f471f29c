"""The task `experiment`: a plan for an experiment on this system, from its own test days, and the plan's nulls."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.practice.capacity import experiment_design as design
from mlsystem.practice.capacity import experiment_page, guardrails, interference
from mlsystem.practice.capacity.experiment_log import MONEY, Log, Measure, read
from mlsystem.progress import say
from mlsystem.settings import Settings, load_project
from mlsystem.training.bootstrap_intervals import WEEK

FILE = "experiment.json"
DURATIONS = (2, 4, 8, 13, 26, 52)  # weeks
CURVES = (4, 13, 26)
POINTS = 40  # of a power curve


class TooSmall(UserError):
    """An experiment with fewer than two units in an arm."""


@dataclass(frozen=True)
class Asked:
    """What the experimenter says: for so many weeks, so much of the traffic, to show so much money per 1,000."""

    weeks: int
    share: float
    effect: float


def run(settings: Settings, asked: Asked) -> dict[str, Any]:
    """What was found, as reports/experiment.json has it. Raises TooSmall."""
    say("reading the test days, as the champion answers them")
    tune, test = read(settings)
    views = interference.spillover_views()
    units = interference.units(test, views)
    unit = interference.choose(units)
    if round(asked.weeks * WEEK * unit.count / test.days * asked.share) < 2:
        raise TooSmall(
            f"{asked.share:.0%} of {asked.weeks} weeks is less than two of what is assigned as a whole, a {unit.name}; "
            "say more with --weeks or --share"
        )
    say(f"{design.TIMES:,} tests without an effect, and as many with one planted, for each measure")
    taken_out = {name: design.slope(tune, measure) for name, measure in tune.measures.items()}
    found = {
        "asked": vars(asked),
        "days": test.days,
        "questions": len(test.day),
        "spillovers": interference.told(views, test),
        "unit": unit.name,
        "units": [_unit(one, test, taken_out, asked) for one in units],
        "measures": {
            name: _measure(measure, unit, test, taken_out[name], name, asked) for name, measure in test.measures.items()
        },
        "guardrails": guardrails.all_of(),
        "alpha": design.ALPHA,
        "power": design.POWER,
    }
    storage.write_json(settings.reports_dir / FILE, found)
    experiment_page.write(settings.reports_dir)
    return found


def _unit(unit: interference.Unit, log: Log, taken_out: dict[str, float], asked: Asked) -> dict[str, Any]:
    """What an assignment by that unit would show, were nothing else wrong with it."""
    per_day = unit.count / log.days
    units = per_day * WEEK * asked.weeks
    of = {name: design.totals(one, unit.of, taken_out[name]).variance for name, one in log.measures.items()}
    return {
        "name": unit.name,
        "per_day": per_day,
        "leaking": unit.leaking,
        "effects": {name: design.effect(variance, units, asked.share) for name, variance in of.items()},
        "weeks": design.weeks(of[MONEY], per_day, asked.share, asked.effect),
    }


def _measure(
    measure: Measure, unit: interference.Unit, log: Log, taken_out: float, name: str, asked: Asked
) -> dict[str, Any]:
    seed, per_day = load_project().seed, unit.count / log.days
    totals = design.totals(measure, unit.of, taken_out)
    units = round(per_day * WEEK * asked.weeks)
    size = design.effect(totals.variance, units, asked.share)
    saved, reachable = planted(measure, log, size, seed, name)
    new = design.totals(measure, unit.of, taken_out, saved)
    widest = 2 * size
    return {
        "unit": measure.unit,
        "mean": float(measure.outcome.mean()),
        "taken_out": taken_out,
        "deviation": totals.variance**0.5,
        "deviation_before": design.totals(measure, unit.of, 0.0).variance ** 0.5,
        "effect": size,
        "effects": {
            str(share): {str(w): _effect_of(totals.variance, per_day * WEEK * w, share) for w in DURATIONS}
            for share in design.SHARES
        },
        "curves": {
            str(w): [
                {"effect": one, "power": design.chance(totals.variance, per_day * WEEK * w, asked.share, one)}
                for one in np.linspace(0, widest, POINTS + 1)[1:].tolist()
            ]
            for w in sorted({*CURVES, asked.weeks})
        },
        "null": design.replayed(totals, totals, units, asked.share, seed, drawn=False),
        "null_drawn": design.replayed(totals, totals, units, asked.share, seed + 1),
        "by_question": design.as_if_by_question(measure, unit.of, asked.share, taken_out, seed),
        "planted": float(saved.mean()) if reachable else None,
        "seen": design.replayed(totals, new, units, asked.share, seed + 2) if reachable else None,
    }


def _effect_of(variance: float, units: float, share: float) -> float | None:
    return design.effect(variance, units, share) if units * share >= 2 else None


def planted(measure: Measure, log: Log, size: float, seed: int, name: str) -> tuple[np.ndarray, bool]:
    """What a policy takes off each question that acts in time on some of those that were missed: `size` on average.

    Whether there is so much to gain at all: who misses nothing saves no more than what the misses cost.
    """
    each = 100.0
    if name == MONEY:
        each = 10.0 * (PROBLEM.costs.of(False, True) - PROBLEM.costs.of(True, True))
    share = size / (each * log.missed.mean()) if log.missed.any() else np.inf
    turned = log.missed & (np.random.default_rng(seed).random(len(log.missed)) < share)
    return each * turned, bool(share <= 1)


def lines(found: dict[str, Any]) -> list[str]:
    """What is printed."""
    asked, words = found["asked"], PROBLEM.words
    told = [f"What carries an effect from one {words.question} to another"]
    for one in found["spillovers"]:
        told.append(
            f"  {one['view']}: {one['sharing']:.0%} of the {words.questions} share its key "
            f"({', '.join(one['keys']) or 'none'}) with another of their day"
        )
    told += ["", f"Units, for {asked['weeks']} weeks with {asked['share']:.0%} of them on the new policy"]
    for one in found["units"]:
        needed = f"{one['weeks']} weeks" if one["weeks"] else f"over {design.MOST_WEEKS} weeks"
        told.append(
            f"  by {one['name']}: {one['leaking']:.0%} leak; shows {one['effects'][MONEY]:,.0f} {PROBLEM.per_1000}; "
            f"{asked['effect']:,.0f} would take {needed}"
        )
    told += ["", f"The plan: assign by {found['unit']}"]
    for name, one in found["measures"].items():
        null, seen = one["null"], one["seen"]
        told.append(f"  {name}: shows {wording.figure(one['effect'], 3)} {one['unit']}, 8 times in 10")
        told.append(
            f"    without an effect it finds one in {null['share']:.1%} of {null['times']:,} re-randomised tests "
            f"({null['low']:.1%} to {null['high']:.1%}; nominal {found['alpha']:.0%}); tested by question: "
            f"{one['by_question']:.0%}"
        )
        told.append(
            f"    with it planted, in {seen['share']:.0%} ({seen['low']:.0%} to {seen['high']:.0%}; "
            f"planned {found['power']:.0%})"
            if seen
            else "    it is more than there is to gain: no policy has so much of an effect"
        )
    return told


def summary(found: dict[str, Any]) -> str:
    """One line for the end."""
    money = found["measures"][MONEY]
    weeks = found["asked"]["weeks"]
    return f"by {found['unit']}, {weeks} weeks show {wording.money(money['effect'])} {money['unit']}"
