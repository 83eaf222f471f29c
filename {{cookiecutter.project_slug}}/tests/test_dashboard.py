"""The dashboard: every panel asks what Prometheus understands, of metrics that there are; panels do not overlap."""

import json
import re
import shutil
import subprocess
from itertools import combinations

import pytest
import yaml

from mlsystem.settings import ROOT

DASHBOARD = json.loads((ROOT / "ops/grafana/dashboard.json").read_text(encoding="utf-8"))
PANELS = DASHBOARD["panels"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
GROUPS = yaml.safe_load((ROOT / "ops/prometheus/rules.yml").read_text(encoding="utf-8"))["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
MADE_BY_PROMETHEUS = {"up", "ALERTS"}
# A name stands before a selector, or is not a function, a keyword or a label of `by (...)`.
GROUPING = re.compile(r"\b(?:by|on|without|ignoring) ?\([^)]*\)|\{[^}]*\}|\[[^\]]*\]|offset \w+")
NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_:]*\b(?! *\()")
KEYWORDS = {"and", "or", "unless", "bool", "by", "on"}


def names(query: str) -> set[str]:
    """The metrics that a query reads."""
    return set(NAME.findall(GROUPING.sub(" ", query))) - KEYWORDS


def known_metrics() -> set[str]:
    """Every name in the source of metrics/, as it is scraped, and every recorded rule."""
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/mlsystem/metrics").glob("*.py"))
    words = set(re.findall(r'"([a-z_]{2,})"', text))
    scraped = {word + suffix for word in words for suffix in ("", "_total", "_bucket", "_sum", "_count")}
    return scraped | {rule["record"] for rule in RULES if "record" in rule} | MADE_BY_PROMETHEUS


def test_every_panel_and_every_rule_reads_metrics_that_there_are():
    queries = QUERIES + [rule["expr"] for rule in RULES]

    assert len(queries) > 40
    assert {name for query in queries for name in names(query)} - known_metrics() == set()
    assert names('sum by (view) (a_total{b="c"}[5m]) / on () max(d:e:f offset 1d) > 3') == {"a_total", "d:e:f"}


def test_every_query_parses(tmp_path):  # type: ignore[no-untyped-def]
    if shutil.which("promtool") is None:
        pytest.skip("this test needs promtool (Debian's package prometheus)")
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(QUERIES)]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))

    checked = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(QUERIES)} rules found" in checked.stdout


def test_panels_have_a_title_a_query_a_unit_and_a_place_of_their_own():
    places = [panel["gridPos"] for panel in PANELS]

    assert len({panel["id"] for panel in PANELS}) == len(PANELS) == len({panel["title"] for panel in PANELS})
    assert all(panel["targets"] and panel["fieldConfig"]["defaults"]["unit"] for panel in PANELS)
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert not [pair for pair in combinations(places, 2) if overlap(*pair)]


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))
    )
