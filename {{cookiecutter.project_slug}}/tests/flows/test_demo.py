"""The demo, by the user's own command on the whole year: what it prints, writes and promises."""

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

import browser
from mlsystem.domain import PROBLEM
from mlsystem.flows import retrain
from mlsystem.replay import system_clock as clock
from mlsystem.reporting.markers import MarkersMissing
from mlsystem.reporting.readme import SECTION, write_figures
from mlsystem.reporting.report import render, write_report
from questions import rows_between_the_days


@pytest.fixture(scope="module")
def run(system) -> dict:
    return json.loads((system.settings.reports_dir / "run.json").read_text())


def test_the_demo_prints_progress_and_no_warning(system):
    out, err = ((system.settings.data_dir / name).read_text() for name in ("demo.out", "demo.err"))

    assert err == ""
    assert not re.search(r"warn(ing)?:|traceback|error:", out, re.IGNORECASE)
    assert out.count("\n") > 15
    assert all(re.match(r"\[ *\d+\.\d s\] ", line) for line in out.splitlines())


def test_what_a_retraining_looks_at_is_as_of_the_systems_own_clock(system):
    seen = retrain.take_snapshot(system.settings)

    assert seen.now == clock.now(system.settings), "later, it would know labels that are still to come"


def test_run_json_has_what_others_rely_on(run):
    models = {"climatology", "logistic_regression", "lightgbm"}
    delivered, refused = sum(rows_between_the_days(table) for table in PROBLEM.tables), run["quarantined"]
    assert sum(run["rows"][table.name] for table in PROBLEM.tables) + refused == delivered
    assert 0 < run["rows"]["training_set"] <= run["rows"][PROBLEM.label.table]
    assert set(run["models"]) == models
    wanted = {"auc", "pr_auc", "log_loss", "brier", "ece", "cost_per_1000", "predict_ms_p50"}
    assert all(wanted <= set(figures) for figures in run["models"].values())
    assert {"requests", "errors", "p50_ms", "p99_ms", "rps"} <= set(run["serving"])
    assert run["total_seconds"] >= sum(run["stages_seconds"].values())
    assert {"prefect", "feast", "mlflow", "bentoml", "great-expectations"} <= set(run["versions"])
    assert "score" in run["drift"]


def test_the_champion_keeps_its_promises_on_months_it_never_saw(run):
    champion, baseline = run["models"][run["champion"]], run["models"]["climatology"]

    assert champion["auc"] > baseline["auc"] > 0.5
    assert champion["pr_auc"] > baseline["pr_auc"]
    learned_until = date.fromisoformat(run["split"]["train"]["last_day"])
    has_changed = PROBLEM.truth is not None and max(PROBLEM.truth.changes) > learned_until
    assert (champion["ece"] <= PROBLEM.limits.ece) is not has_changed, "a law that changed shows"
    assert champion["cost_per_1000"] < baseline["cost_per_1000"] <= run["never_act_cost_per_1000"]


def test_every_question_of_the_replayed_day_was_answered(run):
    assert run["serving"]["errors"] == 0
    assert run["serving"]["requests"] >= run["live"]["labelled"] > 200


class Links(HTMLParser):
    """Everything that a browser would fetch for the page."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in ("script", "img", "iframe", "link"):
            self.fetched.append(f"{tag} {said.get('src') or said.get('href')}")


def test_the_report_needs_no_network(system):
    page = Links()

    page.feed((system.settings.reports_dir / "report.html").read_text())

    assert page.fetched == []


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_report_fits_its_screen(system, tmp_path: Path, width: int):
    shown = browser.show(system.settings.reports_dir / "report.html", width, tmp_path)

    assert shown.faults(width) == []


def test_a_name_with_markup_in_it_stays_text(run):
    page = render(run | {"project": "<script>alert(1)</script>"})

    assert "<script>" not in page


def test_a_report_without_a_run_says_what_to_do(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="make demo"):
        write_report(tmp_path)


def test_the_figures_of_the_readme_are_the_runs(system, run, tmp_path: Path):
    readme = tmp_path / "README.md"
    readme.write_text(f"# Before\n\n{SECTION.begin}\nold\n{SECTION.end}\n\nAfter\n")

    write_figures(readme, system.settings.reports_dir)
    once = readme.read_text()
    write_figures(readme, system.settings.reports_dir)

    assert readme.read_text() == once
    assert once.startswith("# Before\n")
    assert once.endswith("\n\nAfter\n")
    assert f"**{run['models'][run['champion']]['auc']:.3f}**" in once
    assert "old" not in once


def test_a_readme_without_a_place_for_figures_is_left_alone(system, tmp_path: Path):
    readme = tmp_path / "README.md"
    readme.write_text("# Mine\n")

    with pytest.raises(MarkersMissing):
        write_figures(readme, system.settings.reports_dir)

    assert readme.read_text() == "# Mine\n"
