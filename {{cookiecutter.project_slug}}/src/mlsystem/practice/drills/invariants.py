"""What must hold when an incident is over, whatever it was: traffic, answers, labels and alerts are there, and right.

Each is measured on hours that nobody has seen yet, against the quiet hours before the fault, which had all of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.monitoring.performance import read_labels
from mlsystem.practice.drills.reference import Reference
from mlsystem.practice.drills.world import HOUR, World
from mlsystem.serving import prediction_log
from mlsystem.settings import ROOT

RULES = "ops/prometheus/rules.yml"
DEGRADED_MORE = 0.05  # of the answers, than in the quiet hours: as the alert DegradedShare has it
LABELS_LEAST = 0.97  # of those that are known by now; what is in quarantine counts as missing
FURTHER = 0.01  # mean distance from what was right: a store that is asked once an hour is up to an hour old
TIMES = 1.5
FEWEST = 15  # questions of a slice, below which nothing is said about it


@dataclass(frozen=True)
class Verdict:
    """One invariant: whether it holds, and what was found, for a person."""

    name: str
    holds: bool
    found: str


def answers(world: World, after: datetime, until: datetime) -> pd.DataFrame:
    """What callers asked in these hours, a row each: at, id, status, and the answer's columns."""
    asked = pd.DataFrame(list(world.asked()), columns=COLUMNS)
    at = pd.to_datetime(asked["at"], utc=True)
    return asked[(at > after) & (at <= until)].reset_index(drop=True)


COLUMNS = ["at", "id", "status", "prediction_id", "probability", "decision", "model_version", "degraded"]


@dataclass(frozen=True)
class Evidence:
    """What callers got in the quiet hours before the fault and in those that are judged; and what was right."""

    quiet: pd.DataFrame
    now: pd.DataFrame
    reference: Reference


def evidence(world: World, reference: Reference, after: datetime) -> Evidence:
    """Of the hours from `after` until now."""
    beginning = world.began - HOUR
    return Evidence(answers(world, beginning, world.plan.since - HOUR), answers(world, after, world.clock), reference)


def general(world: World, found: Evidence) -> Iterator[Verdict]:
    """Those of every drill."""
    yield _answered(found.now)
    yield _logged(world, found.now)
    yield _not_degraded(found.quiet, found.now)
    yield right("the answers", found.quiet, found.now, found.reference)
    yield _labelled(world, found.reference)
    yield watched(world, world.drill.mendable_alerts)


def _answered(now: pd.DataFrame) -> Verdict:
    good = int((now["status"] == "200").sum())
    return Verdict("every question is answered", 0 < good == len(now), f"{good:,} of {len(now):,} were")


def _logged(world: World, now: pd.DataFrame) -> Verdict:
    logged: set[Any] = set()
    if world.own.settings.predictions_dir.is_dir():
        logged = set(prediction_log.read(world.own.settings.predictions_dir)["prediction_id"].to_pylist())
    given = now["prediction_id"].dropna()
    found = int(given.isin(logged).sum())
    return Verdict("every answer is in the prediction log", 0 < found == len(given), f"{found:,} of {len(given):,} are")


def _not_degraded(quiet: pd.DataFrame, now: pd.DataFrame) -> Verdict:
    before, share = (float(part["degraded"].dropna().astype(float).mean()) for part in (quiet, now))
    holds = share <= before + DEGRADED_MORE
    return Verdict("answers go without no view", holds, f"{share:.0%} do, {before:.0%} in the quiet hours")


def right(what: str, quiet: pd.DataFrame, now: pd.DataFrame, reference: Reference) -> Verdict:
    """Probabilities are those of a system without the fault, as near as they were in the quiet hours."""
    before, distance = (_distance(part, reference) for part in (quiet, now))
    limit = TIMES * before + FURTHER
    found = f"they are {distance:.3f} from right on average, at most {limit:.3f} is usual"
    return Verdict(f"{what} are right", bool(distance <= limit), found)


def _distance(asked: pd.DataFrame, reference: Reference) -> float:
    joined = asked.join(reference.probability.rename("right"), on="id", how="inner").dropna(subset=["probability"])
    return float(np.abs(joined["probability"].astype(float) - joined["right"]).mean())


def _labelled(world: World, reference: Reference) -> Verdict:
    known = reference.labels[reference.labels["known_at"] <= pd.Timestamp(world.clock)]
    asked = pd.Series([one["id"] for one in world.asked()])
    expected = asked[asked.isin(known.index)]
    own = set(read_labels(world.own.settings.validated_dir)["question_id"].to_pylist())
    found = int(expected.isin(own).sum())
    holds = found >= LABELS_LEAST * max(len(expected), 1)
    return Verdict("labels arrive", holds, f"{found:,} of the {len(expected):,} that are known by now are there")


def watched(world: World, but: frozenset[str] = frozenset()) -> Verdict:
    """Every alert is as it was, but those that the drill lets be mended; and what watches is running."""
    theirs, own = _alerts((ROOT / RULES).read_text(encoding="utf-8")), _alerts(_rules(world))
    changed = sorted(name for name, text in theirs.items() if name not in but and own.get(name) != text)
    gone = sorted(name for name in but if name not in own)
    told = f"{', '.join(changed + gone)} are not as they were" if changed or gone else f"all {len(own)} are there"
    return Verdict("the alerts are there", not changed and not gone, told)


def _rules(world: World) -> str:
    path = world.own.project / RULES
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _alerts(rules: str) -> dict[str, str]:
    """Each alert with its expression."""
    return dict(re.findall(r"- alert: (\w+)[^\n]*\n\s+expr: ([^\n]+)", rules))


def right_in_slice(world: World, found: Evidence, key: str, value: str) -> Verdict:
    """The same of the questions whose key has the value: an error in a tenth of them moves the mean by little."""
    rows = storage.Partitions(world.theirs.validated_dir / PROBLEM.asked_of)
    days = storage.day_range(world.began.date(), world.day)
    known = rows.read(days).select([PROBLEM.id_column, key]).to_pandas()
    ids = set(known.loc[known[key] == value, PROBLEM.id_column])
    quiet, now = (part[part["id"].isin(ids)] for part in (found.quiet, found.now))
    if len(now) < FEWEST:
        return Verdict(f"the answers about {key} = {value} are right", False, f"only {len(now)} questions were asked")
    return right(f"the answers about {key} = {value}", quiet, now, found.reference)
