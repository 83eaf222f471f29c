"""Whatever a file may lack or hold, no page, sentence or README has a NaN, an infinity or an exponent in it."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import browser
from mlsystem import storage
from mlsystem.monitoring.skew import compared
from mlsystem.reporting import page, readme, year
from mlsystem.reporting.sections import drift, held, monitoring
from mlsystem.reporting.state import Monitoring
from mlsystem.retraining.evidence import Evidence, Shadowed
from mlsystem.retraining.gate import judge
from mlsystem.training.compare import compare
from mlsystem.training.summary import summarise
from planted import planted_training_set
from seen_states import NOW

UNREADABLE = re.compile(r"\bnan\b|\binf\b|infinity|none,|\d(e[+-]\d\d)", re.IGNORECASE)
INTERVAL = {"value": 1.0, "low": 0.5, "high": 1.5}


def text(html: str) -> str:
    """What a person reads of a page: no styles, no pictures, no tags."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg)\b.*?</\1>", "", html, flags=re.DOTALL))


def spoilt(found: Any, value: float | None, keep: tuple[str, ...]) -> Any:
    """The same file with every decimal number replaced, but below the names in `keep`."""
    if isinstance(found, dict):
        return {name: one if name in keep else spoilt(one, value, keep) for name, one in found.items()}
    if isinstance(found, list):
        return [spoilt(one, value, keep) for one in found]
    return value if isinstance(found, float) else found


@pytest.fixture(scope="module")
def run() -> dict:
    """What a demo writes, on planted flights."""
    summary = json.loads(json.dumps(summarise(compare(planted_training_set(), seed=1, threads=1))))
    serving = {"requests": 5, "errors": 0, "p50_ms": 2, "p99_ms": 3, "degraded": 0, "rows_pushed": 1}
    return summary | {
        "project": "A project",
        "seed": 1,
        "rows": {"flights": 9, "departures": 9, "arrivals": 9, "training_set": summary.pop("rows")},
        "no_tail_number": {"flown": 0.0, "cancelled": 0.3},
        "without_tail_number": {"auc": 0.74, "dearer_usd_per_1000": 185.0},
        "never_arrived": {"scheduled": 900, "flights": 20, "usd_per_1000": 1_111.1},
        "stages_seconds": {"start": 1},
        "serving": serving,
        "live": {"labelled": 5},
        "drift": {"score": 0.1},
        "breaches": [],
        "quarantined": 1,
        "feature_rows": 9,
        "replayed_day": "2013-11-24",
        "versions": {"python": "3.13"},
        "peak_memory_mb": 9,
        "cores": 2,
        "total_seconds": 9,
    }


@pytest.fixture(scope="module")
def lived() -> dict:
    policy = {"trained": ["2013-05-01"], "saved": INTERVAL, "net": 1.5}
    months = {
        "2013-04": {"auc": INTERVAL, "usd_per_1000": INTERVAL},
        "2013-05": {"auc": INTERVAL, "usd_per_1000": INTERVAL},
    }
    every = dict.fromkeys(year.POLICIES, policy)
    return {
        "first": "2013-04-01",
        "last": "2013-05-04",
        "replay": {"flights": 9, "degraded": 0, "errors": 0, "requests": 9, "rows_pushed": 9, "events": 9}
        | {"p50_ms": None, "p99_ms": None},
        "seconds": {"the life": 100.0},
        "never_arrived": {"flights": 3, "warned_share": 0.5},
        "training_usd": 100.0,
        "policies": every,
        "bands": [{"trainings": 1, "calendars": 1, "low": 1.0, "median": 1.0, "high": 1.0, "net": 1.0}],
        "totals": {name: {"auc": INTERVAL, "usd_per_1000": INTERVAL} for name in every},
        "months": dict.fromkeys(every, months),
        "saved": {name: dict.fromkeys(months, INTERVAL) for name in every},
        "alerts": [],
        "champions": [{"version": "1", "since": "2013-04-01", "why": "the first"}],
        "notes": [],
    }


STRANGE = [None, math.nan, 1.036e12, -1e-12]


@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_the_report_and_the_readme_say_unknown(run: dict, value: float | None):
    strange = spoilt(run, value, keep=("curves",))
    strange["never_warn_usd_per_1000"] = 1.0  # a line of the chart

    for said in (text(page.render(strange)), readme.render(strange)):
        assert UNREADABLE.search(said) is None, UNREADABLE.search(said)


def test_the_readme_says_what_tail_numbers_and_cancelled_flights_hide(run: dict):
    said = readme.render(run)

    assert "Its tail numbers are hindsight: 30 % of the cancelled flights lack one, 0.0 % of the flown." in said
    assert "Without any it has an AUC of 0.740, and 1,000 flights cost 185 dollars more." in said
    assert "20 cancelled or diverted flights of those days have no label and are not counted" in said
    assert "were each a surprise, 1,000 scheduled flights would cost 1,111 dollars more" in said


@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_the_years_page_and_its_readme_say_unknown(lived: dict, value: float | None):
    strange = spoilt(lived, value, keep=("seconds", "months", "saved"))
    strange["policies"] = spoilt(lived["policies"], value, keep=())

    for said in (text(year.render(strange)), readme.render_year(strange)):
        assert UNREADABLE.search(said) is None, UNREADABLE.search(said)


def test_of_a_life_that_was_stopped_on_its_way_no_minutes_are_told(lived: dict):
    """Those of its last stretch would pass for all of it."""
    stopped = lived | {"seconds": {}}

    assert "minutes" in readme.render_year(lived)
    assert "minutes" in text(year.render(lived))
    assert "minutes" not in readme.render_year(stopped)
    assert "minutes:" not in text(year.render(stopped))


@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_years_page_fits_its_screen(lived: dict, tmp_path: Path, width: int):
    """A column that a table hides until it is scrolled is dollars that nobody sees."""
    (tmp_path / "year.html").write_text(year.render(lived))

    assert browser.show(tmp_path / "year.html", width, tmp_path).faults(width) == []


@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_the_status_page_says_unknown(value: float | None):
    found = {
        "quality": {"predictions": value, "degraded_share": value},
        "performance": {
            "auc": value,
            "usd_per_1000": value,
            "usd_per_1000_interval": [value, value],
            "coverage": value,
        },
        "drift": {"score": value},
        "checks": [{"name": "score_drift", "value": value, "limit": value, "because": "not known yet"}],
    }
    seen = Monitoring(NOW, "", found)
    shown = [*monitoring(seen).figures, *((drift(seen) or monitoring(seen)).figures)]
    shown += [(name, value) for _, (name, *rest) in held(seen) for value in rest]

    assert all(UNREADABLE.search(said) is None for _, said in shown), shown


@pytest.mark.filterwarnings("ignore:Degrees of freedom:RuntimeWarning", "ignore:Mean of empty slice:RuntimeWarning")
@pytest.mark.parametrize("answer", [0.0, 1.0, math.nan])
def test_a_verdict_on_a_model_that_cannot_be_measured_has_no_nan(answer: float):
    days = np.repeat(np.datetime64("2013-05-01") + np.arange(10), 600)
    is_late = np.arange(len(days)) % 4 == 0
    served = {"every feature": np.zeros(300)}
    shadow = Shadowed(0, 0, math.nan)
    scores = np.full(len(days), answer)
    everyone = {"carrier UA": np.ones(len(days), bool)}
    found = Evidence(is_late * 0.5, scores, is_late, days, everyone, math.nan, 1, compared(served, served), shadow)

    verdict = judge(found)

    assert not verdict.accepted
    for rule in verdict.rules:
        assert UNREADABLE.search(str(rule)) is None, str(rule)


def test_a_number_that_is_none_is_null_in_a_file_for_machines(tmp_path: Path):
    storage.write_json(tmp_path / "a.json", {"a": [math.nan, {"b": math.inf}], "c": (1.5, "x", None, True)})

    said = (tmp_path / "a.json").read_text()

    assert json.loads(said) == {"a": [None, {"b": None}], "c": [1.5, "x", None, True]}
    assert "NaN" not in said
