"""Alerts as code: valid, tested by Prometheus's own tool, none without its page and its unit tests."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import alert_rules
from mlsystem.settings import ROOT

OPS = ROOT / "ops/prometheus"
UNIT_TESTS = [OPS / "rules_test.yml", OPS / "rules_days_test.yml"]
RUNBOOKS = ROOT / "docs/runbooks"
ALERTS = alert_rules.alerts(OPS / "rules.yml")
NAMES = [rule["alert"] for rule in ALERTS]
NEEDED = "this test needs promtool (Debian's package prometheus)"
FLIPPED = {">": "<=", ">=": "<", "==": "!=", "<=": ">"}


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess:
    if shutil.which("promtool") is None:
        pytest.skip(NEEDED)
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture
def ops(tmp_path: Path) -> Path:
    """A copy: Prometheus takes `rule_files` for a pattern, and this project may lie in a folder called [x]."""
    return Path(shutil.copytree(OPS, tmp_path / "ops"))


def test_the_rules_are_valid_and_prometheus_loads_them(ops: Path):
    checked = promtool("check", "config", ops / "prometheus.yml")

    assert checked.returncode == 0, checked.stderr
    assert "1 rule files found" in checked.stdout


def test_the_unit_tests_of_the_rules_pass(ops: Path):
    tested = promtool("test", "rules", *(ops / path.name for path in UNIT_TESTS))

    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_whose_comparison_is_turned_round_is_found_by_the_unit_tests(name: str, tmp_path: Path):
    rules = (OPS / "rules.yml").read_text(encoding="utf-8")
    start = rules.index(f"- alert: {name}")
    at = rules.index("expr: ", start)
    line = rules[at : rules.index("\n", at)]
    turned = re.sub(r" (>=|<=|==|>) ", lambda found: f" {FLIPPED[found[1]]} ", line, count=1)
    assert turned != line
    (tmp_path / "rules.yml").write_text(rules.replace(line, turned))
    own = [alert_rules.only(name, path, tmp_path) for path in UNIT_TESTS]

    tested = promtool("test", "rules", *filter(None, own))

    assert tested.returncode != 0
    assert name in tested.stdout + tested.stderr


def test_every_alert_has_its_page_and_its_unit_tests():
    tested = alert_rules.cases(UNIT_TESTS)

    assert [fault for rule in ALERTS for fault in alert_rules.faults(rule, RUNBOOKS, tested)] == []


def test_no_page_and_no_unit_test_is_left_of_an_alert_that_is_gone():
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")

    assert {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"} == set(NAMES)
    assert set(alert_rules.cases(UNIT_TESTS)) == set(NAMES)
    assert set(re.findall(r"^\| \[(\w+)\]\(\1\.md\) \|", index, re.MULTILINE)) == set(NAMES)


def test_what_an_alert_lacks_is_found(tmp_path: Path):
    page = "# A (page)\n\n" + "".join(f"## {heading}\nso\n" for heading in alert_rules.HEADINGS)
    (tmp_path / "A.md").write_text(page)
    rule = {"alert": "A", "labels": {"severity": "loud"}, "annotations": {"summary": "a"}}

    found = alert_rules.faults(rule, tmp_path, {"A": {True}})

    assert len(found) == 5
    assert "no page" in "".join(alert_rules.faults(rule | {"alert": "B"}, tmp_path, {}))
