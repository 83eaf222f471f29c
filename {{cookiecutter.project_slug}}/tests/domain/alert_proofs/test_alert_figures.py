"""What each alert has shown in the real year: docs/domain/alert_proofs/alerts.md."""

import re

import alert_rules
from mlsystem.settings import ROOT


def test_the_table_of_alerts_has_a_row_of_figures_for_each():
    text = (ROOT / "docs/domain/alert_proofs/alerts.md").read_text(encoding="utf-8")

    names = [rule["alert"] for rule in alert_rules.alerts(ROOT / "ops/prometheus/rules.yml")]
    row = r"^\| \[(\w+)\]\(\.\./\.\./runbooks/\1\.md\) \| (\w+) \| .+ \| \d+ \| \d+ \| (\d+) \|$"
    rows = re.findall(row, text, re.MULTILINE)

    assert [name for name, _, _ in rows] == names
    assert sum(int(false) for _, severity, false in rows if severity == "page") <= 1, "false pages in ten quiet weeks"
