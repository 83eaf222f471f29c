"""The figures in README.md: written by machine from reports/run.json, between two markers, and only there."""

import json
from pathlib import Path
from typing import Any

from mlsystem import storage
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
    figures = render(json.loads(source.read_text(encoding="utf-8")))
    if (year := reports_dir / "year.json").exists():
        figures += "\n\n" + render_year(json.loads(year.read_text(encoding="utf-8")))
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    storage.write_text(readme, f"{head}{BEGIN}\n{figures}\n{END}{tail}")


def render(run: dict[str, Any]) -> str:
    """The figures as Markdown: the candidates, then what the run did and how long each stage took."""
    test, serving, never = run["split"]["test"], run["serving"], run["never_warn_usd_per_1000"]
    lines = [
        f"Measured on {test['flights']:,} flights from {test['first_day']} to {test['last_day']}, which no model saw:",
        "",
        "| model | AUC | PR-AUC | ECE | USD per 1,000 flights | saved against never warning | one row |",
        "|---|---|---|---|---|---|---|",
        *(_row(name, model, never, name == run["champion"]) for name, model in run["models"].items()),
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
    """What `make year` found, as Markdown: the loop beside its floor and its ceiling."""
    worth = ""
    if year["kept"]:
        kept = year["kept"]["usd"]
        worth = (
            f" With {year['retrainings']} retrainings it kept {kept['value']:.0%} "
            f"(90 % interval {kept['low']:.0%} to {kept['high']:.0%}) of the dollars that "
            f"{year['ceiling_retrainings']} would have saved over a frozen model:"
        )
    return "\n".join(
        [
            f"`make year` lived {year['first']} to {year['last']} in {year['seconds']['the life'] / 60:.0f} minutes "
            f"({year['replay']['flights']:,} flights asked, {year['replay']['errors']} errors).{worth}",
            "",
            "| model | AUC | USD per 1,000 flights |",
            "|---|---|---|",
            *(
                f"| {name} | {found['auc']['value']:.3f} | {found['usd_per_1000']['value']:,.0f} |"
                for name, found in year["totals"].items()
            ),
        ]
    )


def _row(name: str, model: dict[str, float], never: float, is_champion: bool) -> str:
    mark = "**" if is_champion else ""
    figures = [
        f"{model['auc']:.3f}",
        f"{model['pr_auc']:.3f}",
        f"{model['ece']:.3f}",
        f"{model['usd_per_1000']:,.0f}",
        f"{never - model['usd_per_1000']:,.0f}",
        f"{model['predict_ms_p50']:.2f} ms",
    ]
    return "| " + " | ".join(f"{mark}{cell}{mark}" for cell in (name.replace("_", " "), *figures)) + " |"
