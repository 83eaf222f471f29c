"""What the alerts do in quiet weeks, for docs/domain/alert_proofs/alerts.md: `alerts.py record judge table`.

`record` replays the weeks through the service (25 minutes on 2 idle cores), `judge` runs the rules over them (5
minutes), `table` writes the page, `later` the rows of alerts that came after the weeks were recorded. The live faults'
figures are those that tests/alert_proofs/test_alerts_fire.py kept.

A week is quiet if on each of its days at least 9 in 10 questions got a label: so chosen before any alarm was looked at.
The weeks are those that no model saw, from the first held-out day on.
"""

import json
import re
import sys
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import yaml

from quiet_weeks import record
from rule_engine import alarms, read

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from mlsystem import storage
from mlsystem.contract.problem import OVERDUE
from mlsystem.domain import PROBLEM
from mlsystem.features.build import TABLES
from mlsystem.flows.consume import OLDEST_SECONDS
from mlsystem.monitoring import checks
from mlsystem.serving.run import running_service
from mlsystem.settings import ROOT, Settings, configure_tools, load_settings
from mlsystem.streaming.event_log import EventLog
from mlsystem.streaming.event_validation import EventContract, Refused
from servers import own_settings

WEEK, WARM_UP = timedelta(days=7), timedelta(days=2)
LABELLED = 0.9
FOR_SECONDS = 300  # FeaturesStale
# Each fact makes a row of these, so that a view grows old when the data itself has a gap.
BY_FACT = [view for view in PROBLEM.views if view.is_input and view.is_expected and view.refresh is None]
OPS = ROOT / "ops/prometheus"
SAMPLES, JUDGED = ROOT / "data/tests/alert_samples", ROOT / "data/tests/alerts_judged.json"
FIRED, PAGE = ROOT / "data/tests/alerts_fired.json", ROOT / "docs/domain/alert_proofs/alerts.md"
BEGIN, END = "<!-- table: written by `python benchmarks/alert_proofs/alerts.py table` -->", "<!-- end of table -->"


def quiet_weeks(settings: Settings) -> list[date]:
    """The first days of those that are quiet."""
    weeks = range((PROBLEM.last_day - PROBLEM.held_out[0]).days // WEEK.days)
    firsts = [PROBLEM.held_out[0] + number * WEEK for number in weeks]
    return [first for first in firsts if is_quiet(settings, days_of(first))]


def days_of(week: date) -> list[date]:
    return storage.day_range(week, week + WEEK - timedelta(days=1))


def pieces(weeks: list[date]) -> list[tuple[date, date]]:
    """First and last day of weeks that follow each other, each piece played on a fresh system, after a warm-up."""
    firsts = [week for week in weeks if week - WEEK not in weeks]
    lasts = [days_of(week)[-1] for week in weeks if week + WEEK not in weeks]
    earliest = PROBLEM.held_out[0]
    return [(max(earliest, first - WARM_UP), last) for first, last in zip(firsts, lasts, strict=True)]


def record_all(settings: Settings) -> None:
    for first, last in pieces(quiet_weeks(settings)):
        samples = SAMPLES / str(first)
        samples.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            own = own_settings(settings, Path(folder))
            with running_service(own):
                counts = record(own, first, last, samples)
        asked = f"{counts.questions:,} {PROBLEM.words.questions}"
        print(f"{first}: {asked}, {counts.errors} errors, {counts.degraded} degraded", flush=True)


def judge_all(settings: Settings) -> None:
    """Per quiet week: how often each alert began to fire, and how often the data itself has a gap."""
    judged, weeks = {}, quiet_weeks(settings)
    for first in weeks:
        begun = max(begin for begin, _ in pieces(weeks) if begin <= first)
        with tempfile.TemporaryDirectory() as scratch:
            found = alarms(read(SAMPLES / str(begun)), first, WEEK.days, Path(scratch))
        judged[str(first)] = {"alarms": found, "data_gaps": data_gaps(settings, days_of(first))}
        print(first, judged[str(first)], flush=True)
    JUDGED.write_text(json.dumps(judged, indent=1) + "\n")


def is_quiet(settings: Settings, days: list[date]) -> bool:
    tables = PROBLEM.asked_of, PROBLEM.label.table
    questions, labels = (storage.Partitions(settings.validated_dir / name) for name in tables)
    return all(labels.rows(day) >= LABELLED * questions.rows(day) for day in days)


def data_gaps(settings: Settings, days: list[date]) -> int:
    """How often the data itself has no fact for a view for longer than the alert allows: an alarm then is true."""
    around, found = storage.day_range(days[0] - timedelta(days=1), days[-1] + timedelta(days=1)), 0
    midnight = datetime.combine(days[-1] + timedelta(days=1), time(), PROBLEM.zone).astimezone(UTC)
    end = np.datetime64(midnight.replace(tzinfo=None), "s")  # the year's facts may end before
    for view in BY_FACT:
        known = [storage.Partitions(settings.validated_dir / table).read(around)["known_at"] for table in view.tables]
        moments = np.unique(np.concatenate([one.to_numpy().astype("datetime64[s]") for one in known]))
        moments = np.append(moments[(moments >= np.datetime64(days[0])) & (moments <= end)], end)
        gaps = np.diff(moments) / np.timedelta64(1, "s")
        found += int((gaps > OLDEST_SECONDS[view.name] + FOR_SECONDS).sum())
    return found


def table() -> str:
    rules = yaml.safe_load((OPS / "rules.yml").read_text())["groups"]
    fired, judged = json.loads(FIRED.read_text()), json.loads(JUDGED.read_text())
    lines = [
        "| alert | | unit tests: fire, quiet | live fault | scrapes to fire | to resolve | false, in quiet weeks |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule in (rule for group in rules for rule in group["rules"] if "alert" in rule):
        name, live = rule["alert"], fired[rule["alert"]]
        false = sum(false_alarms(name, week) for week in judged.values())
        what = rule["labels"]["severity"], unit_tests(name), live["fault"]
        figures = live["scrapes_to_fire"], live["scrapes_to_resolve"], false
        lines.append(f"| [{name}](../../runbooks/{name}.md) | {' | '.join(map(str, (*what, *figures)))} |")
    true = sum(week["data_gaps"] for week in judged.values())
    stale = sum(week["alarms"].get("FeaturesStale", 0) for week in judged.values())
    lines += [
        "",
        f"The {len(judged)} quiet weeks begin on {', '.join(judged)}.",
        f"In them FeaturesStale fired {stale} times, and {true} times the data itself has no fact for a view",
        "for that long: these alarms are true, and not counted.",
    ]
    return "\n".join(lines)


def stopped_weeks(settings: Settings, weeks: list[date]) -> int:
    """In how many of the weeks' ends a day was stopped: DayStopped's gauge is of the data alone."""
    return sum(bool(checks.stopped_days(settings.validated_dir, first + timedelta(days=6))) for first in weeks)


def silences(settings: Settings, weeks: list[date]) -> int:
    """How often a table fell silent in the weeks, without those whose silences are gaps of the data itself."""
    if PROBLEM.freshness is None:
        return 0
    rows, own = storage.Partitions(settings.features_dir / PROBLEM.freshness), {t for v in BY_FACT for t in v.tables}
    found = 0
    for first in weeks:
        seen = rows.read(days_of(first))
        for table in sorted({*PROBLEM.silent_from} - own):
            silent = seen[f"{OVERDUE}{table}"].to_numpy() >= PROBLEM.silent_from[table]
            found += int((silent[1:] & ~silent[:-1]).sum() + silent[0])
    return found


def refused(settings: Settings, weeks: list[date]) -> int:
    """How many of the weeks' events break the contract as single events."""
    found = 0
    with tempfile.TemporaryDirectory() as folder, closing(EventLog(Path(folder) / "events.db")) as log:
        for day in (first + timedelta(days=n) for first in weeks for n in range(7)):
            offset = log.end()
            log.append({name: storage.Partitions(settings.validated_dir / name).read([day]) for name in TABLES})
            contract = EventContract(log.schema)
            for record in log.read(offset, 10_000):
                try:
                    contract.keys(str(record.table), record.known_at, record.payload)
                except Refused:
                    found += 1
    return found


# Alerts that came after the weeks were recorded, and what the weeks' own data says of them.
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
        rows[name] = f"| [{name}](../../runbooks/{name}.md) | {' | '.join(map(str, cells))} |"
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
    return max(0, count - week["data_gaps"]) if name == "FeaturesStale" else count


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
