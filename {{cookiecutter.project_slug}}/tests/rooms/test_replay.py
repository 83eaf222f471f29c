"""A replay that is stopped goes on where it was; intervals give each fact and each question once."""

from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mlsystem import storage
from mlsystem.contract.tables import Facts
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import OnlineFeatures
from mlsystem.feature_store.store import open_store
from mlsystem.features import build
from mlsystem.replay import replay_state
from mlsystem.replay.replay import load, load_again
from mlsystem.replay.replay_state import Replayed, Span, State
from mlsystem.replay.timeline import MINUTE, facts_between, intervals, opening
from mlsystem.streaming.consumer import FeatureConsumer
from mlsystem.streaming.event_log import EventLog
from questions import DAY, DAYS, NOW, as_said, asked_on, at, clock_changes
from replay_probe import Answers, differences, known_between, play

HALF_HOUR = 30 * MINUTE
OF_EVERYTHING = [view for view in PROBLEM.views if view.refresh and not view.keys]  # they have a row at each tick


@pytest.fixture(scope="module")
def online(featured, tmp_path_factory: pytest.TempPathFactory) -> OnlineFeatures:
    return OnlineFeatures(open_store(featured.settings.features_dir, tmp_path_factory.mktemp("online")))


class Stopped(BaseException):
    """What Ctrl-C raises, where this test presses it."""


def test_a_replay_that_was_stopped_goes_on_where_it_was_and_serves_the_same(online, featured, tmp_path: Path):
    """Stopped in the middle of a day, between the questions of one moment; the log is already hours ahead."""
    day, asked, answers = DAYS[1], [], Answers()
    questions = len(asked_on(featured.settings, day))
    stops = iter((questions // 4, questions // 2))
    stop_at = next(stops)

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        question = as_said(request["questions"][0])
        asked.append(question)
        if len(asked) == stop_at:
            raise Stopped
        (stored,) = online.lookup([question])
        answers[question] = dict(stored.values)
        return {"predictions": [{"degraded": False}]}

    for _ in range(2):
        with pytest.raises(Stopped):
            play(Span(day, day), featured.settings, online, tmp_path, ask)
        stop_at = next(stops, 0)
    played = play(Span(day, day), featured.settings, online, tmp_path, ask)

    assert len(answers) == played.questions == questions <= len(asked) <= questions + 20
    assert differences(online, featured.settings, answers, day) == []
    start = opening(day, MINUTE, featured.settings.validated_dir)
    facts = [one.facts for one in intervals(day, day, MINUTE, featured.settings.validated_dir, start)]
    assert played.events == sum(rows.num_rows for tables in facts for rows in tables.values())
    assert played.labels == sum(tables[PROBLEM.label.table].num_rows for tables in facts)


def test_questions_of_an_interval_share_requests_that_never_ask_later_than_their_moment(online, featured, tmp_path):
    day, said = DAYS[2], []

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        said.extend(request["questions"])
        questions = [as_said(one) for one in request["questions"]]
        assert all(timedelta(0) <= one.usual_as_of - one.as_of < HALF_HOUR for one in questions)
        assert [one.as_of for one in questions] == [
            datetime.fromisoformat(one["as_of"]) for one in request["questions"]
        ]
        found = online.lookup(questions)
        for view in OF_EVERYTHING:
            assert all(stored.age_seconds[view.name] <= view.refresh.total_seconds() for stored in found)
        return {"predictions": [{"degraded": stored.is_degraded} for stored in found]}

    played = play(Span(day, day, HALF_HOUR), featured.settings, online, tmp_path, ask, per_request=50)

    questions = len(asked_on(featured.settings, day))
    assert len(said) == played.questions == questions > 200
    assert played.requests <= 48 + questions / 50
    assert played.errors == 0
    assert played.degraded < 0.005 * questions  # those with a key that nothing has happened to for long


def test_intervals_give_each_fact_and_each_question_once_whatever_their_length(featured):
    middle_day = (clock_changes() or [DAY])[-1]
    first, last = middle_day - timedelta(days=1), middle_day + timedelta(days=1)
    validated = featured.settings.validated_dir
    questions = storage.Partitions(validated / PROBLEM.asked_of).read(storage.day_range(first, last)).num_rows
    tables = build.read_facts(first, last + timedelta(days=1), validated)
    counted = {}

    for minutes in (1, 15, 60):
        played = list(intervals(first, last, minutes * MINUTE, validated))
        middle = played[len(played) // 2].start
        rest = list(intervals(first, last, minutes * MINUTE, validated, middle))
        assert rest == played[len(played) // 2 + 1 :]
        assert sum(len(one.questions) for one in played) == questions
        after, until = opening(first, minutes * MINUTE, validated), played[-1].start
        facts = sum(rows.num_rows for one in played for rows in one.facts.values())
        assert facts == sum(known_between(rows, after, until).num_rows for rows in tables.values())
        counted[minutes] = len(played)
    assert counted[1] > counted[15] > counted[60]


def test_a_replay_of_another_domains_tables_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    state, span = State(tmp_path / "replay.json"), Span(DAY, DAY)
    state.write(span, NOW, Replayed(questions=3))
    assert state.read(span) is not None

    monkeypatch.setattr(replay_state, "TABLES", ["another"])

    assert state.read(span) is None
    assert state.other_than(Span(DAY, DAY + timedelta(days=1))) is None


@dataclass
class UnderAFeed:
    """The store, while whose rows are loaded an hour of facts comes in."""

    online: OnlineFeatures
    log: EventLog
    day: date
    moment: datetime
    validated_dir: Path

    def materialise(self, until: datetime) -> None:
        self.online.materialise(until)
        facts = facts_between(self.day, self.moment, self.moment + HALF_HOUR, self.validated_dir)
        self.log.append(facts, self.moment + HALF_HOUR)


@pytest.mark.parametrize("goes_on", [False, True], ids=["alone", "under a feed"])
def test_a_live_side_that_was_told_what_is_not_so_is_loaded_anew(online, featured, tmp_path: Path, goes_on: bool):
    """From validated days, as of the last clock reading; what a feed appends meanwhile comes after it."""
    built, day, answers = featured.settings, DAYS[2], Answers()
    due = asked_on(built, day)
    moment = due[len(due) // 2].as_of
    later = moment + HALF_HOUR * (1 + goes_on)
    facts = PROBLEM.facts[0]
    with closing(EventLog(tmp_path / "events.db")) as log:
        load(day, moment - HALF_HOUR, built.validated_dir, log, online)
        log.append({facts.table: _told_again(log, facts, moment)}, moment + HALF_HOUR)
        with closing(FeatureConsumer(log, online, timedelta(minutes=10))) as consumer:
            consumer.catch_up()
            asked = [at(one, later) for one in due[:200]]
            for question, stored in zip(asked, online.lookup(asked), strict=True):
                answers[question] = dict(stored.values)
            is_wrong = differences(online, built, answers, day, later)

            feed = UnderAFeed(online, log, day, moment + HALF_HOUR, built.validated_dir)
            assert load_again(built.validated_dir, log, feed if goes_on else online) == moment + HALF_HOUR

            consumer.catch_up()
        assert log.clock() == later
        known = facts_between(day, None, later, built.validated_dir)
        assert log.lag("nobody")[0] == sum(rows.num_rows for rows in known.values()) + 1 + goes_on
    answers = {question: dict(stored.values) for question, stored in zip(asked, online.lookup(asked), strict=True)}
    assert is_wrong
    assert differences(online, built, answers, day, later) == []


def _told_again(log: EventLog, facts: Facts, moment: datetime) -> pa.Table:
    """All facts of the table that the log has, as if they were others and had happened just now."""
    payloads = [one.payload for one in log.read(0, 100_000) if one.table == facts.table]
    rows, key = log.decode(facts.table, payloads), PROBLEM.table[facts.table].key
    now = [moment + MINUTE] * len(rows)
    changed = {key: [f"{one}/again" for one in rows[key].to_pylist()], facts.instant: now, "known_at": now}
    for name, values in changed.items():
        field = rows.schema.field(name)
        rows = rows.set_column(rows.schema.get_field_index(name), field, pa.array(values, field.type))
    return rows


def test_a_day_that_is_validated_again_is_read_again(featured, tmp_path: Path):
    source = featured.settings.validated_dir
    for table in PROBLEM.table:
        theirs = storage.Partitions(source / table)
        if theirs.path(DAY).exists():
            storage.Partitions(tmp_path / table).write(DAY, theirs.read([DAY]), "once")
    until = opening(DAY, HALF_HOUR, tmp_path) + timedelta(days=2)
    before = facts_between(DAY, None, until, tmp_path)

    for table in before:
        rows = storage.Partitions(tmp_path / table)
        if rows.path(DAY).exists():
            rows.write(DAY, rows.read([DAY]).slice(1), "again")
    after = facts_between(DAY, None, until, tmp_path)

    assert {name: rows.num_rows for name, rows in after.items()} != {n: rows.num_rows for n, rows in before.items()}
