"""The whole way on the whole year, ending with a page for people and a file for machines."""

import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from datetime import date
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pyarrow.compute as pc

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.processes.peak_memory import PeakMemory
from mlsystem.progress import say
from mlsystem.settings import ROOT, Project, Settings, load_project

Result = TypeVar("Result")
TOOLS = ("prefect", "great-expectations", "feast", "mlflow", "bentoml", "lightgbm", "scikit-learn", "duckdb", "pyarrow")


def run_demo(settings: Settings) -> int:
    """Run every stage, write reports/run.json and reports/report.html, and say where they are; the exit code."""
    project = load_project()
    say(f"{project.name}: a complete ML system on {PROBLEM.words.data}. Everything it makes is in {settings.data_dir}")
    started = time.perf_counter()
    # What requests switches off as it is imported, a filter that another thread puts back would switch on again.
    warnings.filterwarnings("ignore", message="SOCKS support in urllib3")
    threading.Thread(target=_import_early, daemon=True).start()
    say("starting Prefect, and importing the tools meanwhile")
    run: dict[str, Any] = {"project": project.name, "seed": project.seed, "stages_seconds": {}, "not_well": []}
    with PeakMemory() as memory:
        for stage in (_start, _data, _features, _model, _truth, _serving, _monitoring):
            run = stage(settings, run)
    run |= {
        "versions": {tool: version(tool) for tool in TOOLS} | {"python": sys.version.split()[0]},
        "peak_memory_mb": memory.peak_mb,
        "cores": os.cpu_count(),
        "total_seconds": round(time.perf_counter() - started, 1),
    }
    page = _write(settings, run)
    if project.template:  # the template's own folder has no figures of its own to tell
        _write_readme(settings, project)
    _say_results(run)
    say(f"done in {run['total_seconds']} s. The report: {page}")
    say("next: `make up` starts the service, `make smoke` asks it, `make status` looks at it all;")
    say("      then README.md's section on the loop, by hand")
    for sentence in run["not_well"]:
        say(f"NOT WELL: {sentence}")
    return 1 if run["not_well"] else 0


def _import_early() -> None:
    """Import the rooms that later stages need while Prefect's server, a process of its own, starts."""
    for room in ("validation.validate", "feature_store.training_sets"):
        import_module(f"mlsystem.{room}")


def held_out_day(settings: Settings) -> date:
    """The day that this project replays: the seed chooses it among those that have a question, if there is one."""
    questions = storage.Partitions(settings.validated_dir / PROBLEM.asked_of)
    days = storage.day_range(*PROBLEM.held_out)
    drawn = Random(load_project().seed).randrange(len(days))
    asked = (day for day in days[drawn:] + days[:drawn] if questions.path(day).exists() and questions.rows(day))
    return next(asked, days[drawn])


def timed(run: dict[str, Any], stage: str, work: Callable[[], Result]) -> Result:
    """Do the work and note how long it took."""
    started = time.perf_counter()
    try:
        return work()
    finally:
        run["stages_seconds"][stage] = round(time.perf_counter() - started, 1)


def _start(settings: Settings, run: dict[str, Any]) -> dict[str, Any]:
    from mlsystem.flows.data import start_prefect

    timed(run, "start", start_prefect)
    return run


def _data(settings: Settings, run: dict[str, Any]) -> dict[str, Any]:
    from mlsystem.flows.data import DaysStopped, ingest

    try:
        timed(run, "ingest_and_validate", lambda: ingest(settings.first_day, settings.last_day))
    except DaysStopped as stopped:  # the other days go all the way
        run["not_well"].append(str(stopped))
    counts = {table.name: _rows(settings.validated_dir / table.name) for table in PROBLEM.tables}
    refused = {table.name: _rows(settings.validated_dir / "quarantine" / table.name) for table in PROBLEM.tables}
    return run | {"rows": counts, "quarantined": sum(refused.values()), "breaches": _breaches(settings)}


def _features(settings: Settings, run: dict[str, Any]) -> dict[str, Any]:
    from mlsystem.flows.data import build_features

    timed(run, "features", lambda: build_features(settings.first_day, settings.last_day))
    counts = {f"{view.name}_features": _rows(settings.features_dir / view.name) for view in PROBLEM.views}
    return run | {"rows": run["rows"] | counts, "feature_rows": sum(counts.values())}


def _model(settings: Settings, run: dict[str, Any]) -> dict[str, Any]:
    from mlsystem.flows.train import read_comparison, train

    timed(run, "training", lambda: train(settings.first_day, settings.last_day))
    comparison = read_comparison(settings)
    rows = run["rows"] | {"training_set": comparison.pop("rows")}
    return (
        run
        | {
            "rows": rows,
            "left_out": _left_out(settings),
            "unlabelled": _unlabelled(settings, comparison["split"]["test"]),
        }
        | comparison
    )


def _truth(settings: Settings, run: dict[str, Any]) -> dict[str, Any]:
    truth = PROBLEM.truth
    if truth is None:  # as for all real data
        return run
    from mlsystem.flows.truth import compare_with_truth

    return run | {"truth": timed(run, "truth", lambda: compare_with_truth(settings, truth))}


def _unlabelled(settings: Settings, test: dict[str, Any]) -> dict[str, float]:
    """The questions of the test days that have no label, and what they would cost had all of them been missed."""
    questions = storage.Partitions(settings.validated_dir / PROBLEM.asked_of)
    days = storage.day_range(date.fromisoformat(test["first_day"]), date.fromisoformat(test["last_day"]))
    asked = sum(questions.rows(day) for day in days if questions.path(day).exists())
    lost = asked - test["rows"]
    return {"asked": asked, "rows": lost, "cost_per_1000": lost * PROBLEM.costs.of(False, True) * 10 / asked}


def _left_out(settings: Settings) -> dict[str, dict[str, float]]:
    """By what a caller may leave out: the share of the questions without it, of those with a label and of the others.

    Where the two differ, the field may tell what only the future knows.
    """
    asked, labels = (
        storage.Partitions(settings.validated_dir / name).read() for name in (PROBLEM.asked_of, PROBLEM.label.table)
    )
    is_labelled = pc.is_in(asked[PROBLEM.id_column], labels[PROBLEM.id_column].combine_chunks())
    parts = {"labelled": is_labelled, "unlabelled": pc.invert(is_labelled)}
    missing = {one.name: pc.cast(pc.is_null(asked[one.name]), "double") for one in PROBLEM.fields if one.is_optional}
    return {
        name: {what: pc.mean(values.filter(part)).as_py() or 0.0 for what, part in parts.items()}
        for name, values in missing.items()
    }


def _serving(settings: Settings, run: dict[str, Any]) -> dict[str, Any]:
    from mlsystem.flows.replay_days import Unanswered, replay_days
    from mlsystem.replay.replay import Span

    day = held_out_day(settings)
    try:
        served = timed(run, "replay", lambda: replay_days(Span(day, day), settings))
    except Unanswered as refused:
        run["not_well"].append(str(refused))
        served = refused.served
    storage.write_text(settings.reports_dir / "metrics.txt", served.metrics)
    shown = {name: value for name, value in vars(served).items() if name != "metrics"}
    return run | {"replayed_day": str(day), "serving": shown}


def _monitoring(settings: Settings, run: dict[str, Any]) -> dict[str, Any]:
    from mlsystem.flows.monitor import monitor

    found = timed(run, "monitoring", lambda: monitor(settings))
    return run | {"drift": found["drift"], "live": found["performance"]}


def _write(settings: Settings, run: dict[str, Any]) -> str:
    from mlsystem.reporting.report import write_report

    storage.write_json(settings.reports_dir / "run.json", run)
    return str(write_report(settings.reports_dir))


def _write_readme(settings: Settings, project: Project) -> None:
    from mlsystem.reporting.mine import write_mine
    from mlsystem.reporting.readme import write_figures, write_problem

    write_problem(ROOT)
    write_figures(ROOT / "README.md", settings.reports_dir)
    write_mine(ROOT, settings.reports_dir, project)


def _say_results(run: dict[str, Any]) -> None:
    for name, model in run["models"].items():
        mark = "champion" if name == run["champion"] else ""
        say(
            f"  {name:12} AUC {model['auc']:.3f}  PR-AUC {model['pr_auc']:.3f}  ECE {model['ece']:.3f}"
            f"  {model['cost_per_1000']:>9,.0f} {PROBLEM.per_1000}, saved {_range(model['worth']['saved'])}  {mark}"
        )
    serving = run["serving"]
    say(f"  served {serving['requests']:,} requests, {serving['errors']} errors, p50 {serving['p50_ms']} ms")


def _range(saved: dict[str, float]) -> str:
    return f"{wording.number(saved['value'])} ({wording.between(saved['low'], saved['high'])})"


def _breaches(settings: Settings) -> list[dict[str, Any]]:
    """How many rows broke each rule over the year, critical rules first."""
    found = storage.Partitions(settings.validated_dir / "breaches").read()
    keys = ["severity", "table", "rule", "reason"]
    summed = found.group_by(keys).aggregate([("rows", "sum")]).rename_columns([*keys, "rows"])
    return summed.sort_by([("severity", "ascending"), ("rows", "descending")]).to_pylist()


def _rows(folder: Path) -> int:
    return sum(storage.Partitions(folder).rows(day) for day in storage.Partitions(folder).days())
