"""The task `capacity`: measure, plan, check if asked to, and leave it as text, JSON and a page."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.practice import prices
from mlsystem.practice.capacity import bottlenecks, load_check, page, queueing, service_times, stage_costs
from mlsystem.practice.capacity import capacity_plan as plan
from mlsystem.practice.capacity.own_service import own_service, own_settings
from mlsystem.progress import say
from mlsystem.settings import Settings, load_project

FILE = "capacity.json"
MEASURINGS = 3  # of what a question costs: five seconds each


class NothingMeasured(UserError):
    """--again was said, and nothing has been measured before."""


def run(settings: Settings, load: plan.Load, listed: prices.Prices, does_check: bool, again: bool) -> dict[str, Any]:
    """What was found, as reports/capacity.json has it; `again`: with the last run's measurements."""
    found = _last(settings.reports_dir) if again else _measured(settings, does_check)
    sheet = plan.plan(found["measured"], found["curve"], load, listed)
    resources = bottlenecks.resources(sheet, found["measured"], settings, listed)
    found |= {
        "load": asdict(load),
        "currency": listed.currency,
        "sheet": [
            {"title": title, "lines": [asdict(line) | {"text": str(line)} for line in lines]}
            for title, lines in sheet.parts()
        ],
        "bottlenecks": bottlenecks.table(resources),
        "first": {str(scale): bottlenecks.told(resources, scale) for scale in bottlenecks.SCALES},
    }
    storage.write_json(settings.reports_dir / FILE, found)
    page.write(settings.reports_dir)
    return found


def _measured(settings: Settings, does_check: bool) -> dict[str, Any]:
    from mlsystem.serving.service import MAX_PENDING  # BentoML, with it

    stage_costs.training(settings)  # what it needs is looked for first
    say("starting a service of its own, with one worker, on the built system")
    with own_settings(settings) as own, own_service(own) as service:
        measured = stage_costs.measure(service, settings)
        say("  what a question costs by itself, after pauses of many lengths")
        seed = load_project().seed
        checked = None
        if does_check:
            times, checked = load_check.check(service, seed, MAX_PENDING)
        else:
            times = service_times.pooled([service_times.measure(service, seed + turn) for turn in range(MEASURINGS)])
    say("  the queue that follows from it, load by load")
    return {
        "problem": PROBLEM.name,
        "measured": measured,
        "question": {
            "cpu_ms": times.cpu * 1000,
            "back_to_back_ms": float(times.back_to_back.mean()) * 1000,
            "after_idle_ms": float(times.after_idle[:, 0].mean()) * 1000,
            "reading": times.reading,
            "saturation": times.saturation,
            "samples": times.back_to_back.size + times.after_idle.size,
        },
        "curve": queueing.curve(times, MAX_PENDING, seed),
        "check": checked,
    }


def _last(reports_dir: Path) -> dict[str, Any]:
    path = reports_dir / FILE
    if not path.exists():
        raise NothingMeasured(f"there is no {path}; run `make capacity` first, without --again")
    with storage.reading(path, "`make capacity` writes it anew"):
        found = json.loads(path.read_text(encoding="utf-8"))
        if "reading" not in found["question"]:
            raise KeyError("reading")  # an older version's
        return {name: found[name] for name in ("problem", "measured", "question", "curve", "check")}


def lines(found: dict[str, Any]) -> list[str]:
    """What is printed."""
    told = []
    for part in found["sheet"]:
        told += ["", part["title"], *(f"  {line['text']}" for line in part["lines"])]
    told += ["", "What gives way first, if nothing is added"]
    told += [f"  at {int(scale):,}× today's load: {sentence}" for scale, sentence in found["first"].items()]
    if found["check"] is not None:
        told += ["", *checked(found["check"])]
    return told


def checked(check: dict[str, Any]) -> list[str]:
    """The check, a line for each thing that was predicted."""
    sat = check["saturation"]
    told = [
        f"Predicted and measured, {check['turns']} turns; the limit is {check['within']:.0%}",
        f"  saturation: {sat['predicted']:,.0f} predicted, {sat['measured']:,.0f} measured, {sat['error']:+.0%}",
    ]
    for one in check["loads"]:
        told.append(
            f"  p99 at {one['load']:.0%} ({one['rate']:,.0f} a second): {one['predicted_ms']:.1f} ms predicted, "
            f"{one['measured_ms']:.1f} measured, {one['error']:+.0%}; callers {one['callers_late_ms']:.2f} ms late"
        )
    told.append(f"  off: {', '.join(check['off'])}" if check["off"] else "  all within the limit")
    busy = f"others used {check['others_cores']:.2f} cores meanwhile"
    told.append(f"  {busy}" + ("" if check["is_quiet"] else ": not a quiet machine, and less of a proof"))
    return told


def summary(found: dict[str, Any]) -> str:
    """One line for the end."""
    lines = {line["name"]: line for part in found["sheet"] for line in part["lines"]}
    cores, total, per = (lines[name] for name in ("cores", "total", "per_million"))
    return (
        f"{wording.figure(cores['value'])} cores, {wording.money(total['value'])} {total['unit']}, "
        f"{wording.money(per['value'])} {per['unit']} for a million predictions"
    )
