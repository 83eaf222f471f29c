"""Retraining: `retrain` decides and trains a challenger; `judge`, a day later, lets it in or sends it away.

Between the two the running service scores the challenger in the shadow of the champion.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.flows.train import make_training_set, training_fingerprint
from mlsystem.progress import say
from mlsystem.settings import Settings, load_project, load_settings

if TYPE_CHECKING:
    from mlsystem.retraining.gate import Verdict
    from mlsystem.retraining.live_snapshot import LiveSnapshot
    from mlsystem.training.split import Rows
    from mlsystem.training.trained_model import Trained

EVIDENCE = timedelta(days=28)  # of the log: the same length as the decision's window
SKEW = timedelta(days=7)


class NothingToJudge(UserError):
    """There is no challenger."""


def take_snapshot(settings: Settings) -> "LiveSnapshot":
    """The log on the disk and the labels, as of now by the system's own clock. Raises NothingLogged, NoClock."""
    from mlsystem.monitoring.performance import read_labels
    from mlsystem.replay import system_clock as clock
    from mlsystem.replay.logs import predictions_so_far
    from mlsystem.retraining.live_snapshot import snapshot_at

    say("  reading the log and the labels")
    return snapshot_at(predictions_so_far(settings), read_labels(settings.validated_dir), clock.now(settings))


@flow(name="retrain")
def retrain() -> str | None:
    """Decide from the log, and train a challenger if that is worth it: its version, or None. Raises NothingLogged."""
    settings = load_settings()
    return decide_and_train(take_snapshot(settings), settings)


@flow(name="judge")
def judge() -> bool | None:
    """The gate, on the log: whether it promoted the challenger, None without one. Raises NothingLogged, NotPromoted."""
    settings = load_settings()
    try:
        challenger_of(settings)
    except NothingToJudge as nothing:  # on most days
        say(f"  {nothing}")
        return None
    return judge_challenger(take_snapshot(settings), settings)


def decide_and_train(seen: "LiveSnapshot", settings: Settings, tell: bool = True) -> str | None:
    """The challenger's version, or None. Without `tell`, a decision against a retraining is not put on record."""
    from mlsystem.model_registry import registry
    from mlsystem.retraining import journal
    from mlsystem.retraining.decision import decide
    from mlsystem.retraining.live_snapshot import measure_champion

    champion = registry.load_champion(settings.models_dir)
    last = journal.trained_on(settings.models_dir, champion.training)
    decision, version = decide(measure_champion(seen, champion, last)), None
    if not decision.retrain and not tell:
        return None
    say(f"  {seen.now:%Y-%m-%d} {decision.reason}")
    if decision.retrain:
        trained = train_on(seen.now.date(), settings, journal.learned_until(champion.training).date())
        say("  logging the challenger and its rehearsal in MLflow")
        version = registry.publish_challenger(trained, settings.models_dir, {})
        say(f"  version {version} answers in the shadow of version {champion.version}")
    journal.note(settings.models_dir, seen.now.date(), "decision", decision.reason, version=version)
    return version


def judge_challenger(seen: "LiveSnapshot", settings: Settings) -> bool:
    """Promote the challenger, or dismiss it. Whether it was promoted. Raises NothingToJudge, NotPromoted."""
    from mlsystem.model_registry import promotions, registry
    from mlsystem.retraining import journal

    champion, challenger = challenger_of(settings)
    verdict = verdict_on(champion, challenger, seen, settings)
    say(f"  {seen.now:%Y-%m-%d} version {challenger} {verdict.reason}")
    rules = {rule.name: rule.found for rule in verdict.rules}
    found = {"version": challenger, "accepted": verdict.accepted, "refused_by": verdict.refused_by, "rules": rules}
    # Noted first: after a kill from here on it is judged again, with the same verdict, which is noted once.
    journal.note(settings.models_dir, seen.now.date(), "verdict", verdict.reason, **found)
    if verdict.accepted:
        promotions.promote(settings.models_dir, challenger, champion, "the gate", verdict.reason, rules)
    registry.dismiss_challenger(settings.models_dir)
    return verdict.accepted


def challenger_of(settings: Settings) -> tuple[str | None, str]:
    """The champion's version and the challenger's. Raises NothingToJudge."""
    from mlsystem.model_registry import registry

    named = registry.aliases(settings.models_dir)
    champion, challenger = named.get(registry.CHAMPION), named.get(registry.CHALLENGER)
    if challenger is None or challenger == champion:
        raise NothingToJudge(f"no challenger waits beside champion {champion or 'none'}; `make retrain` may train one")
    return champion, challenger


@task
def train_on(today: date, settings: Settings, champion_since: date | None = None) -> "Trained":
    """A challenger, from every label known at 00:00 UTC of the day, to a champion that learned until another."""
    from mlsystem.retraining.challenger import train_challenger, window

    lesson = window(*training_rows(settings), settings.first_day, today, champion_since)
    say(
        f"  training on {len(lesson.everything):,} {PROBLEM.words.questions} whose label is known, "
        f"rehearsed on {len(lesson.before):,}"
    )
    return train_challenger(lesson, today, load_project().seed, settings.threads)


def training_rows(settings: Settings) -> "tuple[Rows, np.ndarray]":
    """The point-in-time training set, and when each label became known."""
    from mlsystem.training.split import known_at, rows_of

    first, last = settings.first_day, settings.last_day
    table = pq.read_table(make_training_set(first, last, training_fingerprint(first, last, settings), settings))
    return rows_of(table), known_at(table)


@task(cache_policy=NO_CACHE)  # else Prefect would hash the whole log
def verdict_on(champion: str | None, challenger: str, seen: "LiveSnapshot", settings: Settings) -> "Verdict":
    """What the gate says of the questions that the champion answered and whose label is known."""
    from mlsystem.feature_store.store import open_store
    from mlsystem.feature_store.training_sets import historical_features
    from mlsystem.model_registry import registry, tracking
    from mlsystem.monitoring import performance, skew
    from mlsystem.retraining import evidence, gate
    from mlsystem.retraining.journal import learned_until
    from mlsystem.training.compare import latency_ms

    uri = tracking.tracking_uri(settings.models_dir)
    model, past = registry.load_version(uri, challenger), registry.rehearsal_of(uri, challenger)
    judged = registry.load_version(uri, past) if past else model
    answers = seen.answers_of(champion, EVIDENCE)
    unseen = answers[answers["as_of"] >= learned_until(judged.training)]
    store = open_store(settings.features_dir, settings.online_dir, register=False)
    found = evidence.from_the_log(
        performance.labelled(unseen, seen.labels, seen.now),
        judged.predict,
        latency_ms(model.model, performance.matrix_of(answers.tail(50))),
        registry.model_bytes(uri, challenger),
        skew.skew(seen.log_since(SKEW), lambda rows: historical_features(store, rows)),
        evidence.shadowed(answers, model.predict, challenger),
    )
    say("  weighing both by the gate's rules")
    return gate.judge(found, seed=load_project().seed)
