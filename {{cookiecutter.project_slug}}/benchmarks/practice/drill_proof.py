"""What drills have to show: nobody's work, the decoy and a restart do not end them, and the reference repair does.

`python benchmarks/practice/drill_proof.py` plays all of them with five seeds and keeps what each showed below
docs/domain/practice, as JSON and as a page; with `--what alerts` it waits for their alerts, with `--what money` it
plays their debriefs. The tests play a third of them, in turns by date.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import drill_plays
from drill_plays import Alerts, Money, Proof
from mlsystem import child_processes, storage
from mlsystem.domain import PROBLEM
from mlsystem.practice.drills import debrief, drill
from mlsystem.practice.drills.drill import Drill
from mlsystem.practice.drills.responses import NOBODY, REPAIR
from mlsystem.settings import ROOT, configure_tools, load_settings, mark_children

FAILED = "failed and played again"
FILE = ROOT / "docs/domain/practice/drill_proofs.json"
PAGE = """# What each drill showed

Written by `make prove-drills`: the seeds with which nobody's work, the decoy and a restart ended nothing and the
reference repair did; the seconds from the start to a passed check, two at once; the hours until its alert fired; and
what 32 hours cost, {per_1000}, if nobody, the decoy or the reference repair answers. Empty: not played yet. The last
column names what was played and failed, with its seed; the JSON beside this page says how.

| | drill | seeds | seconds | its alert | nobody | decoy | repair | not as it should be |
|---|---|---|---|---|---|---|---|---|
"""
WHAT: dict[str, Callable[..., Proof | Alerts | Money]] = {
    "repairs": drill_plays.prove,
    "alerts": drill_plays.alerts,
    "money": drill_plays.money,
}


def proved(what: str, name: str, seed: int, data_dir: Path) -> dict[str, Any]:
    """In a process of its own; with what is not as it should be."""
    settings = load_settings()
    configure_tools(settings)
    one, built = drill.load(name), settings.model_copy(update={"data_dir": data_dir})
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        try:
            proof = WHAT[what](built, one, seed, Path(folder) / "data")
        except Exception as problem:  # the others are played all the same
            return {"drill": name, "seed": seed, "faults": [f"{type(problem).__name__}: {problem}"]}
    return asdict(proof) | {"faults": proof.faults(one)}


def record(what: str, proof: dict[str, Any]) -> None:
    """Into FILE at once: a run that is ended loses nothing. The newest of a drill and seed stands, and what failed."""
    every = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    kept = {(one["drill"], one["seed"]): one for one in every.get(what, [])}
    before = kept.get((proof["drill"], proof["seed"]))
    if before and before["faults"]:
        every.setdefault(FAILED, []).append({"what": what} | before)
    kept[proof["drill"], proof["seed"]] = proof
    every[what] = [kept[key] for key in sorted(kept)]
    storage.write_json(FILE, every)
    storage.write_text(FILE.with_suffix(".md"), page(every))


def page(every: dict[str, list[dict[str, Any]]]) -> str:
    """What is in FILE, a drill a line. Money is expected, and the mean over seeds."""
    rows = [_row(one, every) for one in drill.all_drills()]
    return PAGE.format(per_1000=PROBLEM.per_1000) + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(one: Drill, every: dict[str, list[dict[str, Any]]]) -> list[str]:
    ours = {what: [found for found in every.get(what, []) if found["drill"] == one.name] for what in WHAT}
    repairs, alerts, money = ([found for found in ours[what] if not found["faults"]] for what in WHAT)
    faulty = [f"{what} {found['seed']}" for what in WHAT for found in ours[what] if found["faults"]]
    faulty += [f"{it['what']} {it['seed']}, played again" for it in every.get(FAILED, []) if it["drill"] == one.name]
    costs = [list(found["expected"].values()) for found in money]
    if len(money) > 1 and not one.costs_later and not pays(money):
        faulty.append("money: nobody's work costs no more than the repair, over its seeds")
    seconds = [found["seconds"] for found in repairs]
    hours = [found["hours"] for found in alerts if found["hours"] is not None]
    return [
        str(one.number),
        one.title,
        ", ".join(str(found["seed"]) for found in repairs),
        _range(seconds),
        f"{one.alert}, {_range(hours)} h" if hours else "none, as it says" if alerts else "",
        *(f"{sum(column) / len(column):,.0f}" for column in zip(*costs, strict=True)),
        *[""] * (0 if costs else 3),
        ", ".join(faulty),
    ]


def pays(money: list[dict[str, Any]]) -> bool:
    """Whether nobody's work costs more than the reference repair, over these seeds."""
    nobody, repair = (sum(found["expected"][name] for found in money) for name in (NOBODY, REPAIR))
    return bool(nobody > repair * (1 + debrief.SAME))


def _range(numbers: list[float]) -> str:
    return f"{min(numbers):.0f} to {max(numbers):.0f}" if numbers else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", choices=WHAT, default="repairs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--data", type=Path, default=load_settings().data_dir, help="of a system after `make demo`")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--drills", nargs="+", default=drill.names(), help="names; all of them unless said")
    options = parser.parse_args()
    plays = [(name, seed) for seed in options.seeds for name in options.drills]
    mark = child_processes.new_mark(child_processes.project_mark(load_settings().data_dir), "proofs")
    mark_children(child_processes.MARK, mark)
    child_processes.watch([child_processes.head_of(os.getpid(), mark)])  # no player goes on without this process
    faulty = 0
    with ProcessPoolExecutor(options.at_once, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(proved, options.what, *play, options.data.resolve()) for play in plays]
        for done in as_completed(running):
            proof = done.result()
            record(options.what, proof)
            faulty += bool(proof["faults"])
            print(f"{proof['drill']}, seed {proof['seed']}: {proof.get('seconds', 0):.0f} s", flush=True)
            print("".join(f"  {fault}\n" for fault in proof["faults"]), end="", flush=True)
    print(f"{len(plays)} played, {faulty} not as they should be; {FILE} has them")
    return int(bool(faulty))


if __name__ == "__main__":
    sys.exit(main())
