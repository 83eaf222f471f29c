"""`make monitor` says what it found, also when nothing is wrong."""

import json

from mlsystem.flows.monitor import findings


def test_every_check_and_the_furthest_drift_are_told(system):
    found = json.loads((system.settings.reports_dir / "monitoring.json").read_text())

    told = list(findings(found))

    assert any(line.startswith("AUC 0.") for line in told)
    assert all(any(line.startswith(f"{one['name'].replace('_', ' ')}: ") for line in told) for one in found["checks"])
    assert f"PSI): {next(iter(found['drift']))} " in "\n".join(told)
    assert not any("nan" in line.split() for line in told)


def test_a_broken_limit_stands_out():
    check = {"name": "score_drift", "value": 0.3, "breached": True, "reason": "PSI 0.3 of the last 7 days"}
    unknown = {"name": "skew", "value": None, "breached": False, "reason": "not known yet"}
    found = {"performance": {}, "drift": {"score": 0.3}, "checks": [check, unknown], "diagnosis": None}

    told = list(findings(found))

    assert told[-2:] == ["score drift: BREACHED; PSI 0.3 of the last 7 days", "skew: unknown; not known yet"]
