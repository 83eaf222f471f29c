"""The alerting rules, their tests and their pages as data: what an alert needs, and which of it is missing."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

HEADINGS = ["Meaning", "Impact", "First three looks", "Mitigation", "How to prove it is over"]
LONGEST_PAGE = 25  # lines


def alerts(rules: Path) -> list[dict[str, Any]]:
    """Every alerting rule, in order."""
    groups = yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def cases(paths: Sequence[Path]) -> dict[str, set[bool]]:
    """For each alert of the unit tests whether there are cases that fire (True) and that stay quiet (False)."""
    found: dict[str, set[bool]] = {}
    for test in (test for path in paths for test in _content(path)["tests"]):
        for case in test["alert_rule_test"]:
            found.setdefault(case["alertname"], set()).add(bool(case.get("exp_alerts")))
    return found


def only(name: str, path: Path, folder: Path) -> Path | None:
    """A copy of the unit tests with nothing but those of one alert; None if there are none."""
    content = _content(path)
    content["tests"] = [test for test in content["tests"] if name in _tested(test)]
    (folder / path.name).write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / path.name if content["tests"] else None


def _content(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _tested(test: dict[str, Any]) -> set[str]:
    return {case["alertname"] for case in test["alert_rule_test"]}


def faults(rule: dict[str, Any], runbooks: Path, tested: dict[str, set[bool]]) -> list[str]:
    """What the alert lacks, each as a sentence."""
    name, found = rule["alert"], []
    page = runbooks / f"{name}.md"
    if rule["labels"].get("severity") not in ("page", "ticket"):
        found.append(f"{name} is neither a page nor a ticket")
    if not rule["annotations"].get("summary") or rule["annotations"].get("runbook") != f"docs/runbooks/{name}.md":
        found.append(f"{name} has no summary, or not its own runbook")
    if not page.exists():
        found.append(f"{name} has no page")
    else:
        text = page.read_text(encoding="utf-8")
        sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", text, re.MULTILINE))
        if list(sections) != HEADINGS or not all(body.strip() for body in sections.values()):
            found.append(f"{name}'s page has not the five headings with something below each")
        if len(re.findall(r"^\d\. ", sections.get(HEADINGS[2], ""), re.MULTILINE)) != 3:
            found.append(f"{name}'s page has not three looks")
        if len(text.splitlines()) > LONGEST_PAGE:
            found.append(f"{name}'s page has over {LONGEST_PAGE} lines")
        if not text.startswith(f"# {name} ({rule['labels'].get('severity')})\n"):
            found.append(f"{name}'s page has another title or severity")
    if tested.get(name) != {True, False}:
        found.append(f"{name} has not both a unit test that fires and one that stays quiet")
    return found
