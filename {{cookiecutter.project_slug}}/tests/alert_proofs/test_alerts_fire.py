"""Every alert, live: its fault is planted in a running system, a real Prometheus fires it, and it goes when mended."""

import json
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import alert_rules
from alert_faults import FAULTS
from alert_world import FASTER, SCRAPE_SECONDS, World, faster, running_world
from mlsystem.settings import ROOT
from test_dashboard import QUERIES, names

NEEDED = "this test needs Prometheus (Debian's package prometheus)"
MEASURED = ROOT / "data/tests/alerts_fired.json"  # benchmarks/alert_proofs/alerts.py makes its page of it
LONGEST_SECONDS = 120  # the slowest has to wait for an hour's window and 10 minutes more: 70 s here


def test_every_alert_has_a_live_fault_and_no_other_is_planted():
    assert set(FAULTS) == {rule["alert"] for rule in alert_rules.alerts(ROOT / "ops/prometheus/rules.yml")}


@pytest.fixture(scope="module")
def world(system, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:  # type: ignore[no-untyped-def]
    if shutil.which("prometheus") is None:
        pytest.skip(NEEDED)
    with running_world(system.settings, tmp_path_factory.mktemp("alerts")) as world:
        yield world


@pytest.mark.slowest
@pytest.mark.parametrize("alert", FAULTS)
def test_the_alert_fires_by_its_fault_and_goes_when_it_is_mended(world: World, alert: str):
    what, plant = FAULTS[alert]
    assert waited(lambda: alert not in world.firing_alerts()) is not None, f"{alert} fires before anything is wrong"

    with plant(world):
        fired = waited(lambda: alert in world.firing_alerts())
    gone = waited(lambda: alert not in world.firing_alerts())

    assert fired is not None, f"{alert} did not fire in {LONGEST_SECONDS} s by: {what}"
    assert gone is not None, f"{alert} still fires {LONGEST_SECONDS} s after it was mended"
    keep(alert, {"fault": what, "scrapes_to_fire": scrapes(fired), "scrapes_to_resolve": scrapes(gone)})


@pytest.mark.slowest
def test_every_metric_of_the_dashboard_is_scraped(world: World):
    """Some series begin with their first fault, so those are planted that no test before has."""
    wanted = {name for query in QUERIES for name in names(query)}

    world.append(hours=0.25, step=timedelta(minutes=15))  # a consumer tells of what it has pushed
    for alert in ("DegradedShare", "AvailabilityBurnFast", "DayStopped"):
        if wanted - world.metrics():
            with FAULTS[alert][1](world):
                assert waited(lambda alert=alert: alert in world.firing_alerts()) is not None, alert

    assert waited(lambda: not (wanted - world.metrics())) is not None, f"never scraped: {wanted - world.metrics()}"


def test_only_durations_are_made_faster():
    rule = "expr: sum(rate(a_total[1h])) / x offset 1d > 14.4 * 0.005 and b > 1800\n  for: 5m  # 6 h"

    quick = "expr: sum(rate(a_total[60000ms])) / x offset 1440000ms > 14.4 * 0.005 and b > 1800\n  for: 5000ms  # 6 h"
    assert FASTER == 60
    assert faster(rule) == quick


def waited(is_so) -> float | None:  # type: ignore[no-untyped-def]
    """Seconds until it was so; None if it never was."""
    started = time.monotonic()
    while (seconds := time.monotonic() - started) < LONGEST_SECONDS:
        if is_so():
            return seconds
        time.sleep(0.1)
    return None


def scrapes(seconds: float) -> int:
    return int(seconds / SCRAPE_SECONDS) + 1


def keep(alert: str, measured: dict) -> None:
    kept = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    Path(MEASURED).write_text(json.dumps(kept | {alert: measured}, indent=1) + "\n")
