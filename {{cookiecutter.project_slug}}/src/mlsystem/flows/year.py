"""A year in the life: the system lives through past months by itself, and what that was worth is written on a page.

The service is asked about each flight before it departs, facts and labels arrive as they became known, on the first
of each month a retraining is decided on, and a challenger that was trained is judged a day later. It has models, log
and online rows of its own (`data/year`), so that what `make demo` made stays as it is.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pyarrow as pa
from prefect import flow

from mlsystem.flows.live import play, service_url
from mlsystem.flows.progress import say
from mlsystem.flows.replay import Replayed, Span, State
from mlsystem.flows.retrain import challenger_of, decide_and_train, judge_challenger, train_on
from mlsystem.settings import Settings

if TYPE_CHECKING:
    from mlsystem.retraining.seen import Seen

LIFE = "year"
FIRST, LAST = date(2013, 3, 1), date(2013, 12, 31)  # two months to learn from before the first
INTERVAL = timedelta(minutes=30)  # its flights share a request
SHADOW = timedelta(days=1)
SEEN = timedelta(days=35)  # of the log, kept in memory
SWAP_SECONDS = 60.0


class NotTakenUp(RuntimeError):
    """The service does not answer with the version that it should."""


@flow(name="live-a-year", validate_parameters=False)
def live(first: date, last: date, settings: Settings) -> Path:
    """Live from `first` to `last`, or go on where a life was stopped; the page that shows it."""
    from mlsystem.flows.lived import Lives, write_page
    from mlsystem.serving.run import running_service

    started = time.perf_counter()
    own = settings.model_copy(update={"life": LIFE, "workers": 1})
    span = Span(first, last, INTERVAL)
    if State(own.stream_dir / "replay.json").read(span) is None:
        _begin(first, own)
    living = Living(own, first, last)
    say("starting the service")
    with running_service(own):
        say(f"living {first} to {last} against {service_url(own)}")
        served = play(span, own, progress=living)
    say("comparing with a frozen model, and with one retrained every month")
    counts = {name: value for name, value in vars(served).items() if name != "metrics"}
    seconds = living.seconds | {"in all": round(time.perf_counter() - started, 1)}
    page = write_page(Lives(own, first, last), counts, seconds)
    say(f"lived {(last - first).days + 1} days in {seconds['in all']:.0f} s. The page: {page}")
    return page


def _begin(first: date, own: Settings) -> None:
    """A new life: nothing but the data, and a first champion that learned from what was known on the first day."""
    from mlsystem.flows.data import build_features, ingest

    shutil.rmtree(own.data_dir / own.life, ignore_errors=True)
    ingest(own.first_day, own.last_day)
    build_features(own.first_day, own.last_day)
    # Not before the data: Feast's import switches on the warnings that Great Expectations' import gives.
    from mlsystem.feature_store.store import open_store
    from mlsystem.model_registry import promotions, registry

    open_store(own.features_dir, own.online_dir)
    say("training the first champion")
    version = registry.publish_challenger(train_on(first, own), own.models_dir, {})
    promotions.promote(own.models_dir, version, None, "make year", "the first", {"trained_on": str(first)})
    registry.dismiss_challenger(own.models_dir)


@dataclass
class Living:
    """What happens besides answering, told after each interval: the months' decisions and the days' verdicts.

    A stop loses nothing: what is due and not in the journal is done at the next interval.
    """

    settings: Settings
    first: date
    last: date
    seconds: dict[str, float] = field(default_factory=dict)  # by kind of work
    _log: "LogSoFar" = field(init=False)
    _decided: set[str] = field(init=False)
    _told: date | None = None

    def __post_init__(self) -> None:
        from mlsystem.retraining import journal

        self._log = LogSoFar(self.settings)
        self._decided = {line["day"] for line in journal.read(self.settings.models_dir) if line["what"] == "decision"}
        self._judging = self._waiting()

    def __call__(self, moment: datetime, counts: Replayed) -> None:
        """Called with each interval's start, after its flights were answered."""
        due = date(moment.year, moment.month, 1)
        if self.first < due <= self.last and str(due) not in self._decided:
            self._decided.add(str(due))
            self._timed("decisions and trainings", lambda: self._decide(midnight(due)))
        if self._judging is not None and moment >= self._judging + SHADOW:
            now, self._judging = self._judging + SHADOW, None
            self._timed("verdicts and swaps", lambda: self._judge(now))
        if self._told is None or moment.date() >= self._told + timedelta(days=7):
            self._told = moment.date()
            say(f"  {moment:%Y-%m-%d}: {counts.flights:,} flights asked, {counts.events:,} events")

    def _decide(self, now: datetime) -> None:
        version = decide_and_train(self._log.seen(now), self.settings)
        if version is not None:
            self._judging = now
            self._wait_until("challenger", version)

    def _judge(self, now: datetime) -> None:
        time.sleep(2 * self.settings.champion_poll_seconds)  # the last shadow scores are on their way
        _, challenger = challenger_of(self.settings)
        if judge_challenger(self._log.seen(now), self.settings):
            self._wait_until("version", challenger)

    def _wait_until(self, what: str, version: str) -> None:
        """Until the service says so. Raises NotTakenUp."""
        deadline = time.monotonic() + SWAP_SECONDS
        while (said := httpx.get(f"{service_url(self.settings)}/model", timeout=30).json()).get(what) != version:
            if time.monotonic() > deadline:
                raise NotTakenUp(f"{what} is {said.get(what)}, expected {version}: {said.get('refused')}")
            time.sleep(0.05)

    def _waiting(self) -> datetime | None:
        """When the challenger that waits was trained, if a stopped life left one."""
        from mlsystem.flows.retrain import NothingToJudge
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
        self._recent: list[pa.Table] = []
        self._labels = read_labels(settings.validated_dir)

    def seen(self, now: datetime) -> "Seen":
        from mlsystem.retraining.seen import see
        from mlsystem.serving import prediction_log

        since = pa.scalar(now - SEEN)
        tables = [*self._recent, prediction_log.read(self._folder, self._read_until)]
        self._recent = [kept for kept in (t.filter(pa.compute.greater(t["as_of"], since)) for t in tables) if len(kept)]
        return see(pa.concat_tables(self._recent), self._labels, now)


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)
