"""What happens in a life besides answering: the midnights' checks and triggers, the months' trainings, the verdicts."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from mlsystem.addresses import service_url
from mlsystem.domain import PROBLEM
from mlsystem.flows.retrain import NothingToJudge, challenger_of, decide_and_train, judge_challenger
from mlsystem.progress import say
from mlsystem.replay.replay import Replayed
from mlsystem.settings import Settings

if TYPE_CHECKING:
    from mlsystem.model_registry.champion import Champion
    from mlsystem.retraining.live_snapshot import LiveSnapshot

SHADOW = timedelta(days=1)
SEEN = timedelta(days=35)  # of the log, kept in memory
SWAP_SECONDS = 60.0


class NotTakenUp(RuntimeError):
    """The service does not answer with the version that it should."""


@dataclass
class RetrainingLoop:
    """What happens besides answering, told after each interval: the months' decisions and the days' verdicts.

    A stop loses nothing: what is due and not in the journal is done at the next interval.
    """

    settings: Settings
    first: date
    last: date
    seconds: dict[str, float] = field(default_factory=dict)  # by kind of work
    _log: "LogSoFar" = field(init=False)
    _champion: "Champion | None" = None
    _decided: set[str] = field(init=False)
    _told: date | None = None
    _looked: date | None = None

    def __post_init__(self) -> None:
        from mlsystem.retraining import journal

        self._log = LogSoFar(self.settings)
        self._decided = {line["day"] for line in journal.read(self.settings.models_dir) if line["what"] == "decision"}
        self._judging = self._waiting()

    def __call__(self, moment: datetime, counts: Replayed) -> None:
        """Called with each interval's start, after its questions were answered."""
        due = decision_day(moment, self.first, self.last)
        if due is not None and str(due) not in self._decided:
            self._decided.add(str(due))
            self._timed("decisions and trainings", lambda: self._decide(midnight(due)))
        if self._judging is not None and moment >= self._judging + SHADOW:
            now, self._judging = self._judging + SHADOW, None
            self._timed("verdicts and swaps", lambda: self._judge(now))
        self._looked = self._looked or moment.date()
        if moment.date() > self._looked:
            self._looked = moment.date()
            self._timed("the monitor's checks", lambda: self._monitor(midnight(moment.date())))
            if self._judging is None and is_within(moment, self.first, self.last):
                self._timed("decisions and trainings", lambda: self._decide(midnight(moment.date()), is_due=False))
        if self._told is None or moment.date() >= self._told + timedelta(days=1):
            self._told = moment.date()
            say(f"  {moment:%Y-%m-%d}: {counts.questions:,} {PROBLEM.words.questions} asked, {counts.events:,} events")

    def _decide(self, now: datetime, is_due: bool = True) -> None:
        """On the month's day, and every midnight for the trigger, of which only a retraining is told."""
        version = decide_and_train(self._log.seen(now), self.settings, tell=is_due)
        if version is not None:
            self._judging = now
            self._wait_until("challenger", version)

    def _judge(self, now: datetime) -> None:
        time.sleep(2 * self.settings.champion_poll_seconds)  # the last shadow scores are on their way
        _, challenger = challenger_of(self.settings)
        if judge_challenger(self._log.seen(now), self.settings):
            self._wait_until("version", challenger)
            self._champion = None

    def _monitor(self, now: datetime) -> None:
        """The checks of the midnight, and which drift it is if one of them is breached."""
        from mlsystem.model_registry.registry import load_champion
        from mlsystem.monitoring import checks, week
        from mlsystem.simulation import alarms

        seen = self._log.seen(now)
        if self._champion is None:
            self._champion = load_champion(self.settings.models_dir)
        yesterday = now.astimezone(PROBLEM.zone).date() - timedelta(days=1)
        share = checks.quarantine_share(self.settings.validated_dir, yesterday)
        found = checks.checks_at(now, seen.predictions, seen.labels, self._champion, None, share)
        diagnosis = None
        if alarms.alarming(found):
            diagnosis = week.diagnosis_at(now, seen.predictions, seen.labels, self._champion)
        alarms.note(self.settings.models_dir, now.date(), found, diagnosis.reason if diagnosis else None)

    def _wait_until(self, what: str, version: str) -> None:
        """Until the service says so. Raises NotTakenUp."""
        deadline = time.monotonic() + SWAP_SECONDS
        while (said := httpx.get(f"{service_url(self.settings)}/model", timeout=30, trust_env=False).json()).get(
            what
        ) != version:
            if time.monotonic() > deadline:
                raise NotTakenUp(f"{what} is {said.get(what)}, expected {version}: {said.get('refused')}")
            time.sleep(0.05)

    def _waiting(self) -> datetime | None:
        """When the challenger that waits was trained, if a stopped life left one."""
        from mlsystem.model_registry import registry, tracking

        try:
            _, version = challenger_of(self.settings)
        except NothingToJudge:
            return None
        uri = tracking.tracking_uri(self.settings.models_dir)
        return midnight(date.fromisoformat(registry.load_version(uri, version).training["trained_on"]))

    def _timed(self, what: str, work: Callable[[], None]) -> None:
        started = time.perf_counter()
        work()
        self.seconds[what] = round(self.seconds.get(what, 0.0) + time.perf_counter() - started, 1)


class LogSoFar:
    """The log of the last weeks, of which only what is new is read."""

    def __init__(self, settings: Settings) -> None:
        from mlsystem.monitoring.performance import read_labels

        self._folder = settings.predictions_dir
        self._read_until: dict[Path, int] = {}
        self._recent: list[LiveSnapshot] = []  # piece by piece
        self._labels = read_labels(settings.validated_dir)

    def seen(self, now: datetime) -> "LiveSnapshot":
        from mlsystem.retraining.live_snapshot import joined, snapshot_at
        from mlsystem.serving import prediction_log

        new = prediction_log.read(self._folder, self._read_until)
        if new.num_rows:
            self._recent.append(snapshot_at(new, self._labels))
        self._recent = [piece for piece in self._recent if piece.now >= now - SEEN]
        return joined(self._recent, now)


def decision_day(moment: datetime, first: date, last: date) -> date | None:
    """The first of the month if it lies within the life: a last evening may end in the next month."""
    day = date(moment.year, moment.month, 1)
    return day if is_within(midnight(day), first, last) else None


def is_within(moment: datetime, first: date, last: date) -> bool:
    """Whether a decision at the moment has a life behind it and before it."""
    return first < moment.date() <= last


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)
