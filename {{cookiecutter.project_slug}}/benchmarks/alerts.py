"""What the alerts do in ten quiet weeks, and docs/alerts.md's table: `python benchmarks/alerts.py record judge table`.

`record` replays the held-out quarter through the service (30 to 45 minutes on 2 cores), `judge` runs the rules over it
(8 minutes), `table` writes the page. The live faults' figures are those that tests/flows/test_alerts_fire.py kept.
A week is quiet if on each of its days at least 9 in 10 flights arrived: chosen so before any alarm was looked at.
"""

import json
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import yaml
from quiet_weeks import record
from rule_engine import alarms, read
from servers import own_settings

from mlsystem import storage
from mlsystem.serving.run import running_service
from mlsystem.settings import ROOT, Settings, configure_tools, load_settings

FIRST, WEEKS = date(2013, 10, 1), 13  # the champion learned from January to August and was calibrated on September
ARRIVED = 0.9
WEATHER_LIMIT, FOR = 9_000, 300  # seconds; FeaturesStale
OPS = ROOT / "ops/prometheus"
SAMPLES, JUDGED = ROOT / "data/tests/alert_samples", ROOT / "data/tests/alerts_judged.json"
FIRED, PAGE = ROOT / "data/tests/alerts_fired.json", ROOT / "docs/alerts.md"
BEGIN, END = "<!-- table: written by `python benchmarks/alerts.py table` -->", "<!-- end of table -->"


def record_all(settings: Settings) -> None:
    SAMPLES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        own = own_settings(settings, Path(folder))
        with running_service(own):
            counts = record(own, FIRST, FIRST + timedelta(days=7 * WEEKS - 1), SAMPLES)
    print(f"{counts.flights:,} flights, {counts.errors} errors, {counts.degraded} degraded")


def judge_all(settings: Settings) -> None:
    """Per week: whether it is quiet, how often each alert began to fire, and how often the weather feed was dry."""
    samples, judged = read(SAMPLES), {}
    with tempfile.TemporaryDirectory() as scratch:
        for week in range(WEEKS):
            first = FIRST + timedelta(days=7 * week)
            days = storage.day_range(first, first + timedelta(days=6))
            found = alarms(samples, first, 7, Path(scratch))
            quiet, dry = is_quiet(settings, days), dry_spells(settings, days)
            judged[str(first)] = {"quiet": quiet, "alarms": found, "dry_weather": dry}
            print(first, judged[str(first)], flush=True)
    JUDGED.write_text(json.dumps(judged, indent=1) + "\n")


def is_quiet(settings: Settings, days: list[date]) -> bool:
    flights, arrivals = (storage.Partitions(settings.validated_dir / name) for name in ("flights", "arrivals"))
    return all(arrivals.rows(day) >= ARRIVED * flights.rows(day) for day in days)


def dry_spells(settings: Settings, days: list[date]) -> int:
    """How often the data itself has no weather report for longer than the alert allows: an alarm then is true."""
    around = storage.day_range(days[0] - timedelta(days=1), days[-1] + timedelta(days=1))
    rows = storage.Partitions(settings.validated_dir / "weather").read(around)
    moments = np.unique(rows["known_at"].to_numpy().astype("datetime64[s]"))
    moments = moments[
        (moments >= np.datetime64(days[0])) & (moments <= np.datetime64(days[-1]) + np.timedelta64(32, "h"))
    ]
    return int((np.diff(moments) / np.timedelta64(1, "s") > WEATHER_LIMIT + FOR).sum())


def table() -> str:
    rules = yaml.safe_load((OPS / "rules.yml").read_text())["groups"]
    fired, judged = json.loads(FIRED.read_text()), json.loads(JUDGED.read_text())
    quiet = {first: week for first, week in judged.items() if week["quiet"]}
    lines = [
        "| alert | | unit tests: fire, quiet | live fault | scrapes to fire | to resolve | false alarms in ten weeks |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule in (rule for group in rules for rule in group["rules"] if "alert" in rule):
        name, live = rule["alert"], fired[rule["alert"]]
        false = sum(false_alarms(name, week) for week in quiet.values())
        row = (
            name,
            rule["labels"]["severity"],
            live["fault"],
            live["scrapes_to_fire"],
            live["scrapes_to_resolve"],
            false,
        )
        lines.append("| [{0}](runbooks/{0}.md) | {1} | {2} | {3} | {4} | {5} |".format(*row))
    true = sum(week["dry_weather"] for week in quiet.values())
    stale = sum(week["alarms"].get("FeaturesStale", 0) for week in quiet.values())
    lines += [
        "",
        f"The {len(quiet)} quiet weeks begin on {', '.join(quiet)}.",
        f"In them FeaturesStale fired {stale} times, and {true} times the data itself has no weather report",
        "for that long: these alarms are true, and not counted.",
    ]
    for first, week in judged.items():
        if not week["quiet"]:
            found = ", ".join(f"{name} {count}" for name, count in week["alarms"].items()) or "nothing"
            lines.append(f"In the week of {first}, which is not quiet, there fired: {found}.")
    return "\n".join(lines)


def unit_tests(name: str) -> str:
    """How many cases of the rules' unit tests want it to fire, and how many to stay quiet."""
    tests = [test for path in OPS.glob("rules*_test.yml") for test in yaml.safe_load(path.read_text())["tests"]]
    cases = [
        bool(one.get("exp_alerts")) for test in tests for one in test["alert_rule_test"] if one["alertname"] == name
    ]
    return f"{sum(cases)}, {len(cases) - sum(cases)}"


def false_alarms(name: str, week: dict) -> int:
    count = week["alarms"].get(name, 0)
    return max(0, count - week["dry_weather"]) if name == "FeaturesStale" else count


def write_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    storage.write_text(PAGE, f"{before}{BEGIN}\n{table()}\n{END}{after}")


def main(steps: list[str]) -> None:
    settings = load_settings()
    configure_tools(settings)
    if "record" in steps:
        record_all(settings)
    if "judge" in steps:
        judge_all(settings)
    if "table" in steps:
        write_page()


if __name__ == "__main__":
    main(sys.argv[1:])
