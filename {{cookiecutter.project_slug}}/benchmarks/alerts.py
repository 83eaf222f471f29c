"""What the alerts do in ten quiet weeks, and docs/alerts.md's table: `python benchmarks/alerts.py record judge table`.

`record` replays the ten weeks through the service (25 minutes on 2 idle cores), `judge` runs the rules over them (5
minutes), `table` writes the page, `later` the rows of alerts that came after the weeks were recorded. The live faults'
figures are those that tests/flows/test_alerts_fire.py kept.

A week is quiet if on each of its days at least 9 in 10 flights arrived: so chosen before any alarm was looked at. Of
the 13 weeks that no model saw ten are; the three between 3 and 23 December, with their storms, are left out.
"""

import json
import re
import sys
import tempfile
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import yaml
from quiet_weeks import record
from rule_engine import alarms, read
from servers import own_settings

from mlsystem import storage
from mlsystem.domain.features import SILENT_FROM, SOURCE_TABLES, SOURCES
from mlsystem.features.build import TABLES
from mlsystem.monitoring import checks
from mlsystem.serving.run import running_service
from mlsystem.settings import ROOT, Settings, configure_tools, load_settings
from mlsystem.streaming.contract import Contract, Refused
from mlsystem.streaming.event_log import EventLog

FIRST, WEEKS = date(2013, 10, 1), 13  # the champion learned from January to August and was calibrated on September
# Each played from its first day on a fresh system; the last has two days to get going.
PIECES = ((date(2013, 10, 1), date(2013, 12, 2)), (date(2013, 12, 22), date(2013, 12, 30)))
ARRIVED = 0.9
WEATHER_LIMIT, FOR = 9_000, 300  # seconds; FeaturesStale
OPS = ROOT / "ops/prometheus"
SAMPLES, JUDGED = ROOT / "data/tests/alert_samples", ROOT / "data/tests/alerts_judged.json"
FIRED, PAGE = ROOT / "data/tests/alerts_fired.json", ROOT / "docs/alerts.md"
BEGIN, END = "<!-- table: written by `python benchmarks/alerts.py table` -->", "<!-- end of table -->"


def record_all(settings: Settings) -> None:
    for first, last in PIECES:
        samples = SAMPLES / str(first)
        samples.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            own = own_settings(settings, Path(folder))
            with running_service(own):
                counts = record(own, first, last, samples)
        print(f"{first}: {counts.flights:,} flights, {counts.errors} errors, {counts.degraded} degraded", flush=True)


def judge_all(settings: Settings) -> None:
    """Per quiet week: how often each alert began to fire, and how often the data itself lacks the weather."""
    judged = {}
    for first in (FIRST + timedelta(days=7 * week) for week in range(WEEKS)):
        days = storage.day_range(first, first + timedelta(days=6))
        if is_quiet(settings, days):
            begun = max(begin for begin, _ in PIECES if begin <= first)
            with tempfile.TemporaryDirectory() as scratch:
                found = alarms(read(SAMPLES / str(begun)), first, 7, Path(scratch))
            judged[str(first)] = {"alarms": found, "dry_weather": dry_spells(settings, days)}
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
    end = np.datetime64(days[-1]) + np.timedelta64(29, "h")  # New York's midnight; the year's weather ends before
    moments = np.append(moments[(moments >= np.datetime64(days[0])) & (moments <= end)], end)
    return int((np.diff(moments) / np.timedelta64(1, "s") > WEATHER_LIMIT + FOR).sum())


def table() -> str:
    rules = yaml.safe_load((OPS / "rules.yml").read_text())["groups"]
    fired, judged = json.loads(FIRED.read_text()), json.loads(JUDGED.read_text())
    lines = [
        "| alert | | unit tests: fire, quiet | live fault | scrapes to fire | to resolve | false alarms in ten weeks |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule in (rule for group in rules for rule in group["rules"] if "alert" in rule):
        name, live = rule["alert"], fired[rule["alert"]]
        false = sum(false_alarms(name, week) for week in judged.values())
        what = rule["labels"]["severity"], unit_tests(name), live["fault"]
        figures = live["scrapes_to_fire"], live["scrapes_to_resolve"], false
        lines.append(f"| [{name}](runbooks/{name}.md) | {' | '.join(map(str, (*what, *figures)))} |")
    true = sum(week["dry_weather"] for week in judged.values())
    stale = sum(week["alarms"].get("FeaturesStale", 0) for week in judged.values())
    lines += [
        "",
        f"The {len(judged)} quiet weeks begin on {', '.join(judged)}.",
        f"In them FeaturesStale fired {stale} times, and {true} times the data itself has no weather report",
        "for that long: these alarms are true, and not counted.",
    ]
    return "\n".join(lines)


def stopped_weeks(settings: Settings, weeks: list[date]) -> int:
    """In how many of the weeks' ends a day was stopped: DayStopped's gauge is of the data alone."""
    return sum(bool(checks.stopped_days(settings.validated_dir, first + timedelta(days=6))) for first in weeks)


def silences(settings: Settings, weeks: list[date]) -> int:
    """How often a table fell silent in the weeks, without the weather, whose silences are the data's own."""
    rows = storage.Partitions(settings.features_dir / SOURCES.name)
    found = 0
    for first in weeks:
        seen = rows.read(storage.day_range(first, first + timedelta(days=6)))
        for table in sorted({*SOURCE_TABLES} - {"weather"}):
            silent = seen[f"overdue_{table}"].to_numpy() >= SILENT_FROM[table]
            found += int((silent[1:] & ~silent[:-1]).sum() + silent[0])
    return found


def refused(settings: Settings, weeks: list[date]) -> int:
    """How many of the weeks' events break the contract as single events."""
    found = 0
    with tempfile.TemporaryDirectory() as folder, closing(EventLog(Path(folder) / "events.db")) as log:
        for day in (first + timedelta(days=n) for first in weeks for n in range(7)):
            offset = log.end()
            log.append({name: storage.Partitions(settings.validated_dir / name).read([day]) for name in TABLES})
            contract = Contract(log.schema)
            for record in log.read(offset, 10_000):
                try:
                    contract.keys(str(record.table), record.known_at, record.payload)
                except Refused:
                    found += 1
    return found


# Alerts that came after the ten weeks were recorded, and what the weeks' own data says of them.
LATER = {"DeadLetters": refused, "DayStopped": stopped_weeks, "SourceSilent": silences}


def write_later_rows(settings: Settings) -> None:
    text = PAGE.read_text(encoding="utf-8")
    weeks = [date.fromisoformat(day) for day in re.findall(r"\d{4}-\d\d-\d\d", text.partition("begin on")[2])[:10]]
    rules = yaml.safe_load((OPS / "rules.yml").read_text())["groups"]
    severity = {r["alert"]: r["labels"]["severity"] for group in rules for r in group["rules"] if "alert" in r}
    fired, rows = json.loads(FIRED.read_text()), {}
    for name, false in LATER.items():
        figures = fired[name]["scrapes_to_fire"], fired[name]["scrapes_to_resolve"], false(settings, weeks)
        cells = severity[name], unit_tests(name), fired[name]["fault"], *figures
        rows[name] = f"| [{name}](runbooks/{name}.md) | {' | '.join(map(str, cells))} |"
    lines = [one for one in text.splitlines() if not any(one.startswith(f"| [{name}]") for name in rows)]
    for name, after in zip(severity, [None, *severity], strict=False):  # in the order of the rules
        if name in rows:
            place = next(n for n, line in enumerate(lines) if line.startswith(f"| [{after}]"))
            lines.insert(place + 1, rows[name])
    storage.write_text(PAGE, "\n".join(lines) + "\n")


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
    if "later" in steps:
        write_later_rows(settings)
    if "record" in steps:
        record_all(settings)
    if "judge" in steps:
        judge_all(settings)
    if "table" in steps:
        write_page()


if __name__ == "__main__":
    main(sys.argv[1:])
