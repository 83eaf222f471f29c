"""Whatever a file may lack or hold, no page, sentence or README has a NaN, an infinity or an exponent in it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.monitoring.skew import compared
from mlsystem.reporting import readme, report
from mlsystem.reporting.sections import drift, held, monitoring
from mlsystem.reporting.system_state import Monitoring
from mlsystem.retraining.evidence import Evidence, Shadowed
from mlsystem.retraining.gate import judge
from mlsystem.training.compare import compare
from mlsystem.training.summary import summarise
from planted import planted_training_set
from spoilt import STRANGE, UNREADABLE, spoilt, text
from system_states import NOW

WORDS, OPTIONAL = PROBLEM.words, [field for field in PROBLEM.fields if field.is_optional]


@pytest.fixture(scope="module")
def run() -> dict:
    """What a demo writes, on planted questions."""
    summary = json.loads(json.dumps(summarise(compare(planted_training_set(), seed=1, threads=1))))
    serving = {"requests": 5, "errors": 0, "p50_ms": 2, "p99_ms": 3, "degraded": 0, "rows_pushed": 1}
    return summary | {
        "project": "A project",
        "seed": 1,
        "rows": {table.name: 9 for table in PROBLEM.tables} | {"training_set": summary.pop("rows")},
        "left_out": {one.name: {"labelled": 0.0, "unlabelled": 0.3} for one in OPTIONAL},
        "without_hindsight": {"auc": 0.74, "dearer_per_1000": 185.0},
        "unlabelled": {"asked": 900, "rows": 20, "cost_per_1000": 1_111.1},
        "stages_seconds": {"start": 1},
        "serving": serving,
        "live": {"labelled": 5},
        "drift": {"score": 0.1},
        "breaches": [],
        "quarantined": 1,
        "feature_rows": 9,
        "replayed_day": "2031-11-24",
        "versions": {"python": "3.13"},
        "peak_memory_mb": 9,
        "cores": 2,
        "total_seconds": 9,
    }


@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_the_report_and_the_readme_say_unknown(run: dict, value: float | None):
    strange = spoilt(run, value, keep=("curves",))
    strange["never_act_cost_per_1000"] = 1.0  # a line of the chart

    for said in (text(report.render(strange)), readme.render(strange)):
        assert UNREADABLE.search(said) is None, UNREADABLE.search(said)


def test_the_readme_says_what_optional_fields_and_missing_labels_hide(run: dict):
    said, missed = readme.render(run), wording.money(1_111.1)

    for field in OPTIONAL:
        lacking = f"30.0 % of the {WORDS.unlabelled} {WORDS.questions} lack it, 0.0 % of the others."
        assert f"`{field.name}` may be hindsight: {lacking}" in said
        without = f"an AUC of 0.740, and 1,000 {WORDS.questions} cost 185 {PROBLEM.costs.currency} more."
        assert f"Without it the champion has {without}" in said
    assert f"20 {WORDS.unlabelled} {WORDS.questions} of those days have no label and are not counted" in said
    assert f"were each a {WORDS.missing}, 1,000 would cost {missed} {PROBLEM.costs.currency} more" in said


@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_the_status_page_says_unknown(value: float | None):
    found = {
        "quality": {"predictions": value, "degraded_share": value},
        "performance": {
            "auc": value,
            "cost_per_1000": value,
            "cost_per_1000_interval": [value, value],
            "coverage": value,
        },
        "drift": {"score": value},
        "checks": [{"name": "score_drift", "value": value, "limit": value, "reason": "not known yet"}],
    }
    seen = Monitoring(NOW, "", found)
    shown = [*monitoring(seen).figures, *((drift(seen) or monitoring(seen)).figures)]
    shown += [(name, value) for _, (name, *rest) in held(seen) for value in rest]

    assert all(UNREADABLE.search(said) is None for _, said in shown), shown


@pytest.mark.filterwarnings("ignore:Degrees of freedom:RuntimeWarning", "ignore:Mean of empty slice:RuntimeWarning")
@pytest.mark.parametrize("answer", [0.0, 1.0, math.nan])
def test_a_verdict_on_a_model_that_cannot_be_measured_has_no_nan(answer: float):
    days = np.repeat(np.datetime64("2031-05-01") + np.arange(10), 600)
    label = np.arange(len(days)) % 4 == 0
    served = {"every feature": np.zeros(300)}
    shadow = Shadowed(0, 0, math.nan)
    scores = np.full(len(days), answer)
    everyone = {"a slice of all": np.ones(len(days), bool)}
    found = Evidence(label * 0.5, scores, label, days, everyone, math.nan, 1, compared(served, served), shadow)

    verdict = judge(found)

    assert not verdict.accepted
    for rule in verdict.rules:
        assert UNREADABLE.search(str(rule)) is None, str(rule)


def test_a_number_that_is_none_is_null_in_a_file_for_machines(tmp_path: Path):
    storage.write_json(tmp_path / "a.json", {"a": [math.nan, {"b": math.inf}], "c": (1.5, "x", None, True)})

    said = (tmp_path / "a.json").read_text()

    assert json.loads(said) == {"a": [None, {"b": None}], "c": [1.5, "x", None, True]}
    assert "NaN" not in said
