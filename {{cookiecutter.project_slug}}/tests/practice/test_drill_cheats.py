"""Ways to pass a check without a repair, each as a cheat tried it: none of them passes."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlsystem import child_processes, storage
from mlsystem.domain import PROBLEM
from mlsystem.features.build import feature_days
from mlsystem.practice.drills import drill, grading, invariants, repairs, sandbox
from mlsystem.practice.drills.choices import first_day
from mlsystem.practice.drills.sandbox import Sandbox
from mlsystem.practice.drills.watcher import RULES
from mlsystem.practice.drills.world import ASKED, World
from mlsystem.settings import ROOT
from questions import NOW

ALERT = "DegradedShare"


@pytest.fixture
def world(system, tmp_path: Path) -> World:  # type: ignore[no-untyped-def]
    """Of a sandbox in which nothing runs: its rules are the user's own, and Prometheus has loaded them."""
    data = system.settings.model_copy(update={"data_dir": tmp_path / "data"})
    made = World(system.settings, Sandbox(tmp_path, data), drill.load("limit_too_low"), 1, None, None)  # type: ignore[arg-type]
    made.day = first_day(system.settings, 1) + timedelta(days=1)
    rules = (ROOT / RULES).read_text(encoding="utf-8")
    storage.write_text(made.own.project / RULES, rules)
    made.__dict__["watcher"] = SimpleNamespace(is_there=True, loaded=lambda: set(invariants.alerts_of(rules)))
    return made


def test_rules_that_nobody_touched_are_there(world: World):
    assert invariants.watched(world).holds


@pytest.mark.parametrize(("before", "after"), [("for: 5m", "for: 900d"), ("severity: page", "severity: nobody")])
def test_an_alert_that_waits_for_ever_or_calls_nobody_is_another(world: World, before: str, after: str):
    path = world.own.project / RULES
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")

    assert not invariants.watched(world).holds


def test_an_alert_that_stands_in_a_text_is_no_alert_and_one_that_is_there_twice_is_another(world: World):
    path = world.own.project / RULES
    rules = path.read_text(encoding="utf-8")
    (rule,) = invariants.alerts_of(rules)[ALERT]
    spoilt = rules.replace(str(rule["expr"]), "vector(1) > 2", 1)
    alert = f"      - alert: {ALERT}\n        expr: {rule['expr']}\n        for: {rule['for']}\n"
    alert += f"        labels: {{severity: {rule['labels']['severity']}}}\n"

    for cheat in (f"  - name: |\n{alert}        annotations:\n    rules: []\n", f"  - name: more\n    rules:\n{alert}"):
        path.write_text(f"{spoilt.rstrip()}\n{cheat}", encoding="utf-8")

        assert ALERT in invariants.watched(world).found
    path.write_text("groups: [nothing", encoding="utf-8")
    assert not invariants.watched(world).holds


def test_an_alert_is_another_if_what_is_recorded_for_it_is(world: World):
    path = world.own.project / RULES
    recorded = next(
        rules[0] for rules in invariants.alerts_of(path.read_text(encoding="utf-8")).values() if "record" in rules[0]
    )
    path.write_text(
        path.read_text(encoding="utf-8").replace(str(recorded["expr"]).strip().splitlines()[0], "vector(0)", 1)
    )

    assert recorded["record"] in invariants.watched(world).found


@pytest.mark.parametrize("loaded", [set(), {"ServiceDown"}], ids=["it is gone", "it has one of them"])
def test_rules_that_prometheus_has_not_loaded_are_not_there(world: World, loaded: set[str]):
    """Also an alert that stands in another's text, where a reader of the file finds it."""
    world.__dict__["watcher"] = SimpleNamespace(is_there=True, loaded=lambda: loaded)

    assert not invariants.watched(world).holds


def test_empty_files_are_no_features(world: World, system):  # type: ignore[no-untyped-def]
    day = first_day(system.settings, 1)
    for view in PROBLEM.views:
        own, theirs = (storage.Partitions(one.features_dir / view.name) for one in (world.own.settings, world.theirs))
        for utc in feature_days(day, day):
            own.write(utc, theirs.read([utc]), "theirs")
    was = invariants.night_done(world).holds
    own.path(utc).write_bytes(b"")

    assert was
    assert not invariants.night_done(world).holds


def test_another_days_features_are_no_features_of_the_day(world: World, system):  # type: ignore[no-untyped-def]
    day = first_day(system.settings, 1)
    for view in PROBLEM.views:
        own, theirs = (storage.Partitions(one.features_dir / view.name) for one in (world.own.settings, world.theirs))
        earlier = [day - timedelta(days=n) for n in range(2, 16)]
        largest = max(earlier, key=lambda one: theirs.rows(one) if theirs.path(one).exists() else 0)
        for utc in feature_days(day, day):
            own.write(utc, theirs.read([largest]), "theirs")

    assert not invariants.night_done(world).holds


def test_no_verdict_names_the_group_that_the_fault_is_in(world: World, monkeypatch: pytest.MonkeyPatch):
    """A check is free, so what it prints must not be the answer to `where`."""
    named = []
    monkeypatch.setattr(invariants, "right_among", lambda what, found, ids: named.append(what))
    world.clock = world.began

    for value in ("one", "another"):
        invariants.right_in_slice(world, None, PROBLEM.keys[0], value)  # type: ignore[arg-type]

    assert named[0] == named[1]


def test_the_days_that_a_hand_may_reach_are_copies_and_no_command_writes_into_the_others(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    day = first_day(system.settings, 1)
    theirs = system.settings.model_copy(update={"data_dir": tmp_path})
    for path in system.settings.data_dir.iterdir():
        (tmp_path / path.name).symlink_to(path)
    own = sandbox.make(theirs, day, "service")

    for table in PROBLEM.tables:
        for earlier in range(1, sandbox.DAYS_OF_HISTORY.days + 1):
            name = storage.Partitions(own.settings.validated_dir / table.name).path(day - timedelta(days=earlier))
            assert not name.exists() or name.stat().st_nlink == 1, f"{name} is the user's own file"
    sandbox.remove(theirs)


def test_neither_a_mark_nor_a_log_nor_a_commits_minute_says_what_was_done(world: World):
    world.plan = SimpleNamespace(since=NOW)  # type: ignore[misc]
    sandbox.begin_in(world.own, ["sleep", "60"], world.own.home)
    driver = sandbox.run_in(world.own, ["-c", "input()"])
    try:
        running = child_processes.marked(child_processes.project_mark(world.own.settings.data_dir))
        marks = {child_processes.mark_of(one).split(":")[1] for one in running}
        logs = [path.name for path in world.own.home.glob("*.log")]
    finally:
        driver.kill()
        driver.communicate()
        child_processes.end(running)

    assert len(running) >= 2
    assert marks == {sandbox.MARK}
    assert logs == [sandbox.LOG]
    assert NOW - timedelta(hours=1) < repairs.deployed(world) < NOW


def test_the_cause_has_no_place_of_its_own_in_the_lists_of_a_seed():
    for seed in range(1, 6):
        places = {_place_of_the_cause(one, seed) for one in drill.all_drills()}
        assert len(places) > 2, f"seed {seed}: always {places}"


def _place_of_the_cause(one: drill.Drill, seed: int) -> int:
    world = SimpleNamespace(seed=seed, drill=one)
    return grading.entries(world, "why").index(one.cause)  # type: ignore[arg-type]


def test_a_text_that_was_planted_beside_the_code_is_not_changed_in_its_place(world: World):
    """A fault that would edit the planted one fails, and the drill with it."""
    path = world.own.project / "src/module.py"
    storage.write_text(path, 'A = "threshold = 1"\nthreshold = 1\n')

    with pytest.raises(repairs.RepairFailed, match="2 times"):
        repairs.replace(world, "src/module.py", "threshold = 1", "threshold = 2")


def test_who_plays_goes_by_what_it_heard_whatever_its_file_says_later(world: World):
    storage.write_text(world.own.home / ASKED, '{"id": "one", "status": "200"}\n')
    heard = list(world.asked)
    storage.write_text(world.own.home / ASKED, '{"id": "one", "status": "500"}\n')

    assert world.asked == heard
