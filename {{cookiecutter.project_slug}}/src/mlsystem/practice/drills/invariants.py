"""What must hold when an incident is over, whatever it was: traffic, answers, labels and alerts are there, and right.

Each is measured on hours that nobody has seen yet, against the quiet hours before the fault, which had all of them.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import yaml

from mlsystem import storage
from mlsystem.contract.features import View
from mlsystem.domain import PROBLEM
from mlsystem.features.build import feature_days
from mlsystem.monitoring.performance import read_labels
from mlsystem.practice.drills.choices import DAY, HOUR, first_day
from mlsystem.practice.drills.reference import Reference
from mlsystem.practice.drills.watcher import RULES
from mlsystem.practice.drills.world import World
from mlsystem.serving import prediction_log
from mlsystem.settings import ROOT

DEGRADED_MORE = 0.05  # of the answers, than in the quiet hours: as the alert DegradedShare has it
LABELS_LEAST = 0.97  # of those that are known by now; what is in quarantine counts as missing
FURTHER, FURTHEST = 0.015, 0.06  # from what was right: on average, and the twentieth that is furthest from it;
TIMES = 1.5  # more than in the quiet hours, which are as near as engines round
TAIL = 0.95
SLOWER_TIMES, SLOWER_SECONDS = 3.0, 0.1  # of the median request
SAME_DECISIONS = 0.95  # of those that act or should: a probability at the threshold may be rounded
MOST_FACTS = 0.9  # of a group's facts that must be there
FEWEST = 8  # questions of a slice, below which nothing is said about it


@dataclass(frozen=True)
class Verdict:
    """One invariant: whether it holds, and what was found, for a person."""

    name: str
    holds: bool
    found: str


def answers(world: World, after: datetime, until: datetime) -> pd.DataFrame:
    """What callers asked in these hours, a row each: at, id, status, and the answer's columns."""
    asked = pd.DataFrame(list(world.asked), columns=COLUMNS)
    at = pd.to_datetime(asked["at"], utc=True)
    return asked[(at > after) & (at <= until)].reset_index(drop=True)


COLUMNS = ["at", "id", "status", "seconds", "prediction_id", "probability", "decision", "model_version", "degraded"]


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
    yield _in_time(found.quiet, found.now)
    yield _logged(world, found.now)
    yield _not_degraded(found.quiet, found.now)
    yield right("the answers", found.quiet, found.now, found.reference)
    yield decided(found.now, found.reference.champion.act_above)
    yield _labelled(world, found.reference)
    yield night_done(world)
    yield watched(world, world.drill.mendable_alerts)


def _answered(now: pd.DataFrame) -> Verdict:
    good = int((now["status"] == "200").sum())
    return Verdict("every question is answered", 0 < good == len(now), f"{good:,} of {len(now):,} were")


def _in_time(quiet: pd.DataFrame, now: pd.DataFrame) -> Verdict:
    before, took = (float(part["seconds"].astype(float).median()) for part in (quiet, now))
    limit = SLOWER_TIMES * before + SLOWER_SECONDS
    return Verdict("answers come in time", took <= limit, f"half of them take over {took:.2f} s, {before:.2f} is usual")


def _logged(world: World, now: pd.DataFrame) -> Verdict:
    logged: set[Any] = set()
    if world.own.settings.predictions_dir.is_dir():
        logged = set(prediction_log.read(world.own.settings.predictions_dir)["prediction_id"].to_pylist())
    given = now["prediction_id"].dropna()
    found = int(given.isin(logged).sum())
    return Verdict("every answer is in the prediction log", 0 < found == len(given), f"{found:,} of {len(given):,} are")


def _not_degraded(quiet: pd.DataFrame, now: pd.DataFrame) -> Verdict:
    if not now["degraded"].notna().any():
        return Verdict("answers go without no view", False, "there are none")
    before, share = (float(part["degraded"].dropna().astype(float).mean()) for part in (quiet, now))
    holds = share <= before + DEGRADED_MORE
    return Verdict("answers go without no view", holds, f"{share:.0%} do, {before:.0%} in the quiet hours")


def right(what: str, quiet: pd.DataFrame, now: pd.DataFrame, reference: Reference) -> Verdict:
    """Probabilities are those of a system without the fault, as near as they were in the quiet hours."""
    before, distance = _distances(quiet, reference), _distances(now, reference)
    if not len(distance):
        return Verdict(f"{what} are right", False, "there are none")
    mean, tail = float(distance.mean()), float(np.quantile(distance, TAIL))
    limits = TIMES * float(before.mean()) + FURTHER, TIMES * float(np.quantile(before, TAIL)) + FURTHEST
    found = (
        f"they are {mean:.3f} from right on average (at most {limits[0]:.3f} is usual), and the furthest twentieth "
        f"{tail:.3f} or more ({limits[1]:.3f})"
    )
    return Verdict(f"{what} are right", mean <= limits[0] and tail <= limits[1], found)


def _distances(asked: pd.DataFrame, reference: Reference) -> np.ndarray:
    joined = asked.join(reference.probability.rename("right"), on="id", how="inner").dropna(subset=["probability"])
    return np.abs((joined["probability"].astype(float) - joined["right"]).to_numpy())


def decided(now: pd.DataFrame, act_above: float) -> Verdict:
    """By the threshold of the user's own champion, which its costs gave."""
    given = now.dropna(subset=["probability"])
    should, does = given["probability"].astype(float) > act_above, given["decision"] == PROBLEM.words.act
    either = int((should | does).sum())
    share = float((should & does).sum()) / either if either else float(len(given) > 0)
    found = f"of {either:,} that act or should, {share:.0%} do both"
    return Verdict("decisions follow from probability and costs", share >= SAME_DECISIONS, found)


def _labelled(world: World, reference: Reference) -> Verdict:
    """Those that are known by now are there, and none is there that is another's or nobody's."""
    known = reference.labels[reference.labels["known_at"] <= pd.Timestamp(world.clock)]
    asked = pd.Series([one["id"] for one in world.asked], dtype=str)
    expected = asked[asked.isin(known.index)]
    own = own_labels(world)
    found = int(expected.isin(own.index).sum())
    there = own[own.index.isin(asked)]
    right = there.index.isin(reference.labels.index)
    wrong = int((~right).sum()) + int((there[right] != reference.labels["label"].reindex(there.index[right])).sum())
    holds = found >= LABELS_LEAST * max(len(expected), 1) and wrong <= (1 - LABELS_LEAST) * max(len(there), 1)
    told = f"{found:,} of the {len(expected):,} that are known by now are there, and {wrong:,} that are wrong"
    return Verdict("labels arrive, and are right", holds, told)


def own_labels(world: World) -> pd.Series:
    """By question, the label (bool) that the sandbox has, of all validated days."""
    labels = read_labels(world.own.settings.validated_dir).to_pandas().set_index("question_id")
    return labels.assign(label=PROBLEM.label.is_true(labels[PROBLEM.label.column]))["label"]


def night_done(world: World) -> Verdict:
    """Each day that ended since the beginning has its features: without them nothing can be trained or compared."""
    ended = storage.day_range(first_day(world.theirs, world.seed), world.day - DAY)
    views = [storage.Partitions(world.own.settings.features_dir / view.name) for view in PROBLEM.views]
    theirs = [storage.Partitions(world.theirs.features_dir / view.name) for view in PROBLEM.views]
    both = list(zip(PROBLEM.views, views, theirs, strict=True))
    done = [day for day in ended if all(_like(*one, utc) for one in both for utc in feature_days(day, day))]
    return Verdict("the night's work is done", len(done) == len(ended), f"of {len(done)} of {len(ended)} days")


def _like(view: View, own: storage.Partitions, theirs: storage.Partitions, day: date) -> bool:
    """Rows of the same keys and moments as the user's own, or most of them: another day's are no features of it."""
    if not own.path(day).exists():
        return False
    names = [*view.join_keys, "event_timestamp"]
    with suppress(storage.CorruptPartition):
        rows, right = (one.read([day]).select(names).to_pandas() for one in (own, theirs))
        return len(right.merge(rows.drop_duplicates(), on=names)) >= MOST_FACTS * len(right)
    return False


def watched(world: World, but: frozenset[str] = frozenset()) -> Verdict:
    """Every alert is as it was, but those that the drill lets be mended; and what watches has them all."""
    theirs, own = alerts_of((ROOT / RULES).read_text(encoding="utf-8")), alerts_of(_rules(world))
    changed = sorted(name for name, rules in theirs.items() if name not in but and own.get(name) != rules)
    gone = sorted(name for name in but if name not in own)
    alerts = {name for name, rules in theirs.items() if "alert" in rules[0]}
    gone += sorted(alerts - world.watcher.loaded()) if world.watcher.is_there else []
    told = f"{', '.join(changed + gone)} are not as they were" if changed or gone else f"all {len(own)} are there"
    return Verdict("the alerts are there", not changed and not gone, told)


def _rules(world: World) -> str:
    path = world.own.project / RULES
    return path.read_text(encoding="utf-8") if path.exists() else ""


def alerts_of(rules: str) -> dict[str, list[dict[str, Any]]]:
    """By name, each alert and each recorded series as Prometheus reads it: its expression, how long it must hold, and
    whom it calls; more than one where the name is there again. Nothing where it is no file of rules.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    with suppress(yaml.YAMLError, TypeError, KeyError, AttributeError):
        for group in yaml.safe_load(rules)["groups"]:
            for rule in group["rules"]:
                name = rule.get("alert") or rule["record"]
                found.setdefault(name, []).append({key: said for key, said in rule.items() if key != "annotations"})
    return found


def right_in_slice(world: World, found: Evidence, key: str, value: str) -> Verdict:
    """The same of the questions whose key has the value: an error in a tenth of them moves the mean by little."""
    rows = storage.Partitions(world.theirs.validated_dir / PROBLEM.asked_of)
    days = storage.day_range(world.began.date(), world.day)
    known = rows.read(days).select([PROBLEM.id_column, key]).to_pandas()
    ids = set(known.loc[known[key] == value, PROBLEM.id_column])
    return right_among("the answers about each group", found, ids)  # which one it is, is the learner's to find


def right_among(what: str, found: Evidence, ids: set[str]) -> Verdict:
    """The same of these questions alone."""
    quiet, now = (part[part["id"].isin(ids)] for part in (found.quiet, found.now))
    if len(now) < FEWEST:
        return Verdict(f"{what} are right", False, f"only {len(now)} questions were asked")
    return right(what, quiet, now, found.reference)
