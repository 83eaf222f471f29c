"""The world around the sandbox: it delivers days, lets facts become known, asks, and keeps what it was told.

Hours of event time are played one after the other against the sandbox's own servers. What is delivered passes through
the drill's fault; what is asked, and what came back, is the callers' own record, which no repair can touch.
"""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from random import Random
from typing import Any

import httpx

from mlsystem import storage
from mlsystem.addresses import service_url
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.practice.drills import innocent, sandbox
from mlsystem.practice.drills.choices import DAY, HOUR, first_day
from mlsystem.practice.drills.drill import Drill, Plan, numbered
from mlsystem.practice.drills.sandbox import Sandbox
from mlsystem.practice.drills.schedules import Schedules
from mlsystem.practice.drills.watcher import Watcher
from mlsystem.progress import say
from mlsystem.replay.logs import log_path
from mlsystem.replay.replay import ConsumerGone, OtherProcess, requests
from mlsystem.replay.timeline import Interval, facts_between, intervals, opening
from mlsystem.settings import Settings
from mlsystem.streaming.event_log import EventLog

QUIET_HOURS = 12  # before the fault: what is usual is measured after all is up
SERVERS = "service consumer"  # beside them the watcher, which a restart of them does not touch
PATIENCE_SECONDS, IMPATIENCE_SECONDS = 10.0, 0.5
KEPT = ("prediction_id", "probability", "decision", "model_version", "degraded")  # of an answer
SESSION, ASKED, CLOCK = "session.json", "asked.jsonl", "world.json"


class WorldStopped(UserError):
    """There are no more days to play, or what plays them has gone."""


@dataclass
class World:
    """A drill that is going on. `clock` is the event time up to which all has happened, `day` the service date."""

    theirs: Settings  # the user's own: read, never written
    own: Sandbox
    drill: Drill
    seed: int
    clock: datetime
    day: date
    struck: bool = False
    is_behind: bool = False
    is_night_due: bool = False

    @cached_property
    def plan(self) -> Plan:
        return self.drill.plan(self, Random(self.seed))

    @cached_property
    def watcher(self) -> Watcher:
        return Watcher(self.own)

    @cached_property
    def schedules(self) -> Schedules:
        return Schedules(self.own)

    @cached_property
    def callers(self) -> httpx.Client:
        url, each = service_url(self.own.settings), {"Connection": "close"}
        return httpx.Client(base_url=url, headers=each, timeout=30, trust_env=False)

    @cached_property
    def asked(self) -> list[dict[str, Any]]:
        """What was asked so far and what came back, a question each. Who plays goes by what it heard itself."""
        path = self.own.home / ASKED
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else ()
        return [json.loads(line) for line in lines]

    @cached_property
    def began(self) -> datetime:
        """When the first question was asked."""
        return opening(first_day(self.theirs, self.seed), HOUR, self.theirs.validated_dir)

    def play(self, hours: int) -> None:
        """Let so many hours pass. Raises WorldStopped."""
        until = self.clock + hours * HOUR
        while not self._play_today(until):
            self._end_day()

    def play_asked(self, hours: int) -> None:
        """The same, until something was asked in so many of them: a night says nothing."""
        while hours > 0:
            before = len(self.asked)
            self.play(1)
            hours -= len(self.asked) > before

    def play_until(self, moment: datetime) -> None:
        """The same, up to a moment; nothing if it has passed."""
        hours = int((moment - self.clock) / HOUR)
        if hours > 0:
            self.play(hours)

    def _play_today(self, until: datetime) -> bool:
        """All that starts by `until`; False if the day ended before. Callers ask whatever became of the day's data."""
        for asked in intervals(self.day, self.day, HOUR, self.theirs.validated_dir, self.clock):
            if asked.start > until:
                return True
            self._strike_if_due(asked.start)
            facts = facts_between(self.day, self.clock, asked.start, self.own.settings.validated_dir)
            self._pass(Interval(asked.start, facts, self._callers(asked.questions)))
        return self.clock >= until

    def _callers(self, questions: list[Question]) -> list[Question]:
        return self.drill.asks(self.plan, questions) if self.struck and self.drill.asks else questions

    def _pass(self, interval: Interval) -> None:
        with closing(EventLog(log_path(self.own.settings))) as log:
            log.append(interval.facts, interval.start)
            self._wait_for_consumer(log, interval.start)
        ids, size = [question.id for question in interval.questions], self.theirs.max_questions_per_request
        for place, request in enumerate(requests(interval, HOUR, size)):
            self._ask(request, ids[place * size : (place + 1) * size], interval.start)
        self.clock = interval.start
        self.schedules.renew()
        if self.is_night_due and self.clock.astimezone(PROBLEM.zone).date() >= self.day:
            self.schedules.tell("night")  # of the day before, by the system's own clock
            self.is_night_due = False
        self.watcher.look(self.clock)
        self._remember()

    def _wait_for_consumer(self, log: EventLog, moment: datetime) -> None:
        """One that is down or stuck is part of some incident: callers do not wait for it every hour."""
        try:
            OtherProcess(log, IMPATIENCE_SECONDS if self.is_behind else PATIENCE_SECONDS).catch_up(moment)
            self.is_behind = False
        except ConsumerGone:
            self.is_behind = True

    def _strike_if_due(self, moment: datetime) -> None:
        if not self.struck and moment >= self.plan.since:
            self.struck = True
            if self.drill.strike is not None:
                self.drill.strike(self, self.plan)

    def _ask(self, request: dict[str, Any], ids: list[str], moment: datetime) -> None:
        """Each question's answer is a line; of one that got none, the reason."""
        started = time.perf_counter()
        try:
            reply = self.callers.post("/predict", json=request)
            answers = reply.json()["predictions"] if reply.status_code == 200 else []
            told = str(reply.status_code)
        except (httpx.HTTPError, ValueError, KeyError) as problem:
            answers, told = [], type(problem).__name__
        every = {"at": moment.isoformat(), "status": told, "seconds": round(time.perf_counter() - started, 4)}
        lines = [
            every | {"id": one} | {name: answer[name] for name in KEPT if name in answer}
            for one, answer in zip(ids, answers or [{}] * len(ids), strict=True)
        ]
        self.asked += lines
        with (self.own.home / ASKED).open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))

    def _end_day(self) -> None:
        """The night's work, and the next day's delivery."""
        if self.day + 2 * DAY > self.theirs.last_day:
            raise WorldStopped(f"the drill has come to the last days of the data, {self.day}; `drill reset` ends it")
        self.deliver(self.day + 2 * DAY)
        self.schedules.tell("validate", first=str(self.day + DAY), last=str(self.day + 2 * DAY))
        self.day += DAY
        self.is_night_due = True
        self._remember()

    def begin(self) -> subprocess.CompletedProcess[str]:
        """The first days validated, the store and the log as they were at the beginning, all servers up."""
        with ThreadPoolExecutor(1) as aside:  # both import for seconds
            up = aside.submit(self.own.run, "up")
            self.schedules.tell("validate", first=str(self.day), last=str(self.day + DAY))
            self.schedules.tell("begin", at=self.clock.isoformat(), day=str(self.day))
            went = up.result()
        self.watcher.start()  # after the service: there is nothing to watch before
        return went

    def deliver(self, day: date) -> None:
        """What comes of the day, as the fault lets it through."""
        for table in PROBLEM.tables:
            theirs = storage.Partitions(self.theirs.source_dir / table.name)
            rows = theirs.read([day])
            alter = self.drill.alter
            landed = alter(self.plan, table.name, rows) if alter else {table.name: rows}
            for folder, part in landed.items():
                own = storage.Partitions(self.own.settings.source_dir / folder)
                own.write(day, part, theirs.fingerprint(day) or "")

    def stop(self) -> None:
        """This process plays no more hours; the sandbox's servers run on."""
        self.schedules.stop()
        self.callers.close()

    def _remember(self) -> None:
        said = {"clock": self.clock.isoformat(), "day": str(self.day)}  # not whether the fault has struck: it is read
        storage.write_json(self.own.home / CLOCK, said)


def start(theirs: Settings, drill: Drill, seed: int, folder: str = sandbox.FOLDER) -> World:
    """The sandbox, up and asked for its quiet hours. Raises NoSandbox, WorldStopped, NotUp."""
    day = first_day(theirs, seed)
    say("making the sandbox")
    own = sandbox.make(theirs, day, SERVERS, folder)
    said = {"drill": drill.number, "seed": seed, "settings": own.settings.model_dump(mode="json")}
    storage.write_json(own.home / SESSION, said)
    world = World(theirs, own, drill, seed, datetime.min, day)
    world.clock = world.began
    _ = world.plan  # raises NotHere, before anything is started
    innocent.commit(own, Random(seed), world.began)
    innocent.one_more(own, Random(f"today {seed}"), world.began)
    say(f"its servers start; the days before {day}")
    for ahead in (day, day + DAY):
        world.deliver(ahead)
    went = world.begin()
    if went.returncode != 0:
        raise sandbox.NoSandbox(f"the sandbox did not come up: {went.stdout[-500:]}{went.stderr[-1500:]}")
    say(f"{QUIET_HOURS} quiet hours")
    world.play(QUIET_HOURS)
    return world


def resume(theirs: Settings) -> World:
    """The drill that is there. Raises NoSandbox."""
    home = sandbox.home_of(theirs)
    if not (home / SESSION).exists():
        raise sandbox.NoSandbox("no drill is going on; `drill list` shows what there is, `drill start NAME` starts one")
    with storage.reading(home / SESSION, "`drill reset` ends the drill"):
        said = json.loads((home / SESSION).read_text(encoding="utf-8"))
        drill, own = numbered(said["drill"]), Sandbox(home, Settings.model_validate(said["settings"]))
        day, seed = first_day(theirs, said["seed"]), said["seed"]
        world = World(theirs, own, drill, seed, opening(day, HOUR, theirs.validated_dir), day)
        if (home / CLOCK).exists():
            now = json.loads((home / CLOCK).read_text(encoding="utf-8"))
            world.clock, world.day = datetime.fromisoformat(now["clock"]), date.fromisoformat(now["day"])
            world.struck = world.clock >= world.plan.since
    return world
