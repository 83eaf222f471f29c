"""A part of the attack table (`attacks.py`), against the running service. Time is the benchmark's affair."""

import sys

import pytest

from mlsystem.serving.run import Running
from mlsystem.settings import ROOT, Settings

sys.path.insert(0, str(ROOT / "benchmarks/studies"))

SOME = (
    "200 bodies that stop after a byte",
    "2,000 halves of a head",
    "47 MB in headers",
    "50 MB in chunks",
    "a length and chunks (smuggling)",
    "a hundred in a pipeline",
    "TLS where there is none",
    "the feature store was moved away",
)


@pytest.mark.slowest
def test_no_attack_gets_a_5xx_takes_a_worker_or_an_honest_answer(make_settings):  # type: ignore[no-untyped-def]
    import attacks
    from mlsystem.serving.run import running_service

    assert len(attacks.KINDS) + len(attacks.SURROUNDINGS) >= 30
    settings: Settings = make_settings()
    running: Running
    with running_service(settings) as running:
        rows = [attacks.attacked(settings, running, name, calm=1.0, seconds=3.0) for name in SOME]

    assert [row.line() for row in rows if not row.is_harmless] == []


def test_a_row_that_did_harm_is_seen():
    from collections import Counter

    import attacks

    def row(**change: object) -> object:
        calm = {"got": Counter({"400": 9}), "honest": Counter({"200": 9}), "ratio": 1.0, "p99": 9.0}
        return attacks.Row(**({"name": "x", "lost": 0, "grown_mb": 1.0} | calm | change))

    assert row().is_withstood
    assert not row(ratio=2.5).is_withstood
    harms = ({"got": Counter({"500": 1})}, {"honest": Counter({"429": 1})}, {"lost": 1}, {"grown_mb": 500.0})
    for harm in harms:
        assert not row(**harm).is_harmless
