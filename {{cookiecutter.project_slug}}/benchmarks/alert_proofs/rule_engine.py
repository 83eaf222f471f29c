"""The shipped rules over sampled weeks, by Prometheus's own rule engine: `promtool test rules`, with `for` and all.

Between two samples the last one holds, as it would at every scrape of a quiet minute. A test begins at Unix time 0, so
a value that is a moment is moved by as much.
"""

import bisect
import gzip
import json
import math
import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from mlsystem.domain import PROBLEM
from mlsystem.settings import ROOT

RULES = ROOT / "ops/prometheus/rules.yml"
BEFORE = timedelta(hours=25)  # NoTraffic compares with a day ago
MOMENT = "monitor_checked_timestamp_seconds"
STARTS = '(ALERTS{alertstate="firing"} unless ALERTS{alertstate="firing"} offset 1m)'
GOT = re.compile(r'\{alertname="(\w+)"\} ([\d.E+]+)')
Samples = Sequence[tuple[float, dict[str, float]]]


def read(folder: Path) -> list[tuple[float, dict[str, float]]]:
    """Everything that quiet_weeks.record wrote, in order."""
    found = [json.loads(gzip.decompress(path.read_bytes())) for path in folder.glob("*.json.gz")]
    return sorted((moment, series) for day in found for moment, series in day)


def alarms(samples: Samples, first: date, days: int, scratch: Path) -> dict[str, int]:
    """How often each alert began to fire in the `days` days from midnight of `first` on the domain's clock."""
    midnight = datetime(first.year, first.month, first.day, tzinfo=PROBLEM.zone)
    start = midnight.timestamp() - BEFORE.total_seconds()
    minutes = round(BEFORE.total_seconds() / 60) + days * 24 * 60
    series = [{"series": name, "values": values} for name, values in _series(samples, start, minutes)]
    query = f"sum by (alertname) (count_over_time({STARTS}[{days}d:1m]))"
    expected = {"expr": query, "eval_time": f"{minutes}m", "exp_samples": []}
    test = {"interval": "1m", "input_series": series, "promql_expr_test": [expected]}
    # JSON is YAML; promtool says what it found where it expected nothing
    path = scratch / f"{first}.json"
    order = ["recorded", "service", "stream", "monitor"]  # else promtool takes any
    content = {"rule_files": [str(RULES)], "group_eval_order": order, "evaluation_interval": "1m", "tests": [test]}
    path.write_text(json.dumps(content))
    done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
    found = {name: round(float(count)) for name, count in GOT.findall(done.stdout + done.stderr)}
    if done.returncode != 0 and not found:
        raise RuntimeError(f"promtool could not evaluate {path}: {done.stderr[-2000:]}")
    return found


def _series(samples: Samples, start: float, minutes: int) -> Iterator[tuple[str, str]]:
    """Each series with one value per minute in promtool's notation, `_` where it was not there."""
    moments = [moment for moment, _ in samples]
    held = [bisect.bisect_right(moments, start + 60 * minute) - 1 for minute in range(minutes + 1)]
    names = sorted({name for index in set(held) if index >= 0 for name in samples[index][1]})
    for name in names:
        move = start if name.startswith(MOMENT) else 0.0
        values = [samples[index][1].get(name) if index >= 0 else None for index in held]
        yield name, " ".join(_runs([None if value is None else value - move for value in values]))


def _runs(values: Sequence[float | None]) -> Iterator[str]:
    place = 0
    while place < len(values):
        value, length = values[place], 1
        while place + length < len(values) and _same(values[place + length], value):
            length += 1
        if value is None:
            yield f"_x{length}"
        elif math.isnan(value):
            yield " ".join(["NaN"] * length)
        else:
            yield f"{value!r}x{length - 1}"
        place += length


def _same(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and math.isnan(one) and math.isnan(other))
