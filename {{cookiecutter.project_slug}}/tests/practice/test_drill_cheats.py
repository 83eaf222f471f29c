"""Ways to pass a check without a repair, each as a cheat tried it: none of them passes."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlsystem import storage
from mlsystem.domain import PROBLEM
from mlsystem.features.build import feature_days
from mlsystem.practice.drills import drill, grading, invariants, repairs
from mlsystem.practice.drills.choices import first_day
from mlsystem.practice.drills.sandbox import Sandbox
from mlsystem.practice.drills.watcher import RULES
from mlsystem.practice.drills.world import ASKED, World
from mlsystem.settings import ROOT

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
