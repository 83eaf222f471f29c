"""What must not get worse while an experiment runs: the limits of the gate, and the alerts that page somebody."""

import re
from typing import Any

from mlsystem.domain import PROBLEM
from mlsystem.settings import ROOT

RULES = "ops/prometheus/rules.yml"
ALERT = re.compile(r"- alert: (\w+)(.*?)severity: (\w+).*?summary: \"(.+?)\"\n", re.DOTALL)


def all_of() -> list[dict[str, Any]]:
    """Name, what is looked at, the limit, and where it is from."""
    limits, unit, words = PROBLEM.limits, PROBLEM.costs.currency, PROBLEM.words
    found = [
        (
            "money of a slice",
            f"what 1,000 {words.questions} of one cost more",
            f"{limits.worse_slice_cost:,.0f} {unit}",
        ),
        ("gap", "mean probability less the share that is true", f"{limits.gap:g}"),
        ("calibration error", "ECE of the new policy's probabilities", f"{limits.ece:g}"),
    ]
    ours = [{"name": name, "what": what, "limit": limit, "source": "the gate's limits"} for name, what, limit in found]
    return ours + [
        {"name": name, "what": summary, "limit": "fires", "source": RULES}
        for name, summary in paging((ROOT / RULES).read_text(encoding="utf-8"))
    ]


def paging(rules: str) -> list[tuple[str, str]]:
    """Name and summary of each alert that pages somebody; what Prometheus fills in stands as an ellipsis."""
    found = [(name, summary) for name, _, severity, summary in ALERT.findall(rules) if severity == "page"]
    return [(name, re.sub(r"\{\{.+?\}\}", "…", summary).replace("\\", "")) for name, summary in found]
