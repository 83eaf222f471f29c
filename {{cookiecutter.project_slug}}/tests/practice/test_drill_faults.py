"""What faults do to data and answers, without a play: quiet hours are quiet, and whichever group it is, it shows."""

import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from mlsystem import storage
from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.feature_store.online import Stored
from mlsystem.feature_store.store import open_store
from mlsystem.feature_store.training_sets import historical_features, questions_of, with_as_of
from mlsystem.model_registry.registry import load_champion
from mlsystem.practice.drills import choices, drill, fact_invariants, invariants, repairs
from mlsystem.practice.drills.catalogue.hotfix_on_one_path import fault as hotfix
from mlsystem.practice.drills.choices import DAY, HOUR, NotHere, first_day
from mlsystem.practice.drills.sandbox import Sandbox
from mlsystem.practice.drills.world import World
from mlsystem.replay.timeline import opening
from mlsystem.validation.validate import validate

SEEDS = (2, 3)  # that once went wrong
UPSTREAM = [one.name for one in drill.all_drills() if one.alter]
SEEN = 2 * invariants.FURTHER  # on average


def made(system, name: str, seed: int, folder: Path) -> World:  # type: ignore[no-untyped-def]
    """The world at its beginning, in which nothing runs."""
    data = system.settings.model_copy(update={"data_dir": folder})
    day = first_day(system.settings, seed)
    began = opening(day, HOUR, system.settings.validated_dir)
    return World(system.settings, Sandbox(folder, data), drill.load(name), seed, began, day)


@pytest.mark.parametrize("name", UPSTREAM)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_day_whose_feed_breaks_is_not_stopped(system, name: str, seed: int, tmp_path: Path):
    """Else the quiet hours before the fault would go without the day's facts."""
    world = made(system, name, seed, tmp_path)
    try:
        _ = world.plan
    except NotHere as problem:
        pytest.skip(str(problem))
    both = [world.day, world.day + DAY]
    for day in both:
        world.deliver(day)

    report = validate(both, world.own.settings.source_dir, world.own.settings.validated_dir, again=True)

    assert world.day not in report.stopped


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hotfix_shows_in_the_answers_of_whichever_group_it_is(system, seed: int, tmp_path: Path):
    world, champion = made(system, "hotfix_on_one_path", seed, tmp_path), load_champion(system.settings.models_dir)
    rows = storage.Partitions(system.settings.validated_dir / PROBLEM.asked_of).read([world.day])
    with tempfile.TemporaryDirectory() as registry:
        store = open_store(system.settings.features_dir, Path(registry))
        known = historical_features(store, with_as_of(rows.to_pandas()))
    values = known[[one.name for one in PROBLEM.stored_features]].astype(object)
    stored = [Stored(one, {}) for one in values.where(values.notna(), None).to_dict("records")]
    questions = questions_of(known)

    def answers(found: list[Stored]) -> np.ndarray:
        pairs = zip(questions, found, strict=True)
        return champion.predict(np.array([PROBLEM.model_row(one, its.values) for one, its in pairs], dtype=float))

    right, groups = answers(stored), list(choices.slices(world))
    for field, value in groups:
        deployed = {"Question": Question, "Stored": Stored, "replace": replace}
        plan = replace(world.plan, facts={"field": field, "value": value})
        exec(repairs.filled(hotfix.FUNCTION, plan), deployed)
        wrong = answers([deployed["_corrected"](*one) for one in zip(questions, stored, strict=True)])
        of_group = np.array([getattr(one, field) == value for one in questions])
        assert np.abs(wrong - right)[of_group].mean() > SEEN, (field, value)
        assert (wrong == right)[~of_group].all()
    assert groups


def test_of_a_table_whose_days_were_all_stopped_it_is_said_that_nothing_is_there(system, tmp_path: Path):
    world, facts = made(system, "duplicate_batches", 1, tmp_path), PROBLEM.facts[0]
    world.clock, world.day = world.plan.since + 12 * HOUR, world.day + DAY
    key, value = next(choices.slices(world), ("", ""))
    columns = storage.Partitions(system.settings.validated_dir / facts.table).read([world.day]).column_names

    found = [
        fact_invariants.facts_are_once(world, facts.table, PROBLEM.id_column),
        fact_invariants.facts_are_usual(world, facts),
        *([fact_invariants.facts_say_their_group(world, facts.table, key)] if key in columns else []),
        *([fact_invariants.facts_are_usual(world, facts, key, value)] if key in columns else []),
    ]

    assert not any(one.holds for one in found)


def test_where_a_day_can_be_stopped_whole_its_fault_begins_with_it(system, tmp_path: Path):
    world = made(system, "duplicate_batches", 1, tmp_path)

    since = choices.since_next_day(world, PROBLEM.label.table)

    later = storage.day_range(world.day + DAY, world.day + 5 * DAY)
    rows = storage.Partitions(system.settings.validated_dir / PROBLEM.label.table).read(later).to_pandas()
    assert world.plan.since == since
    local, first = since.astimezone(PROBLEM.zone), rows["known_at"].min().astimezone(PROBLEM.zone)
    assert (local.date(), local.hour, local.minute) == (first.date(), 0, 0)
    assert replace(world, day=world.day + 3 * DAY).drill.plan(world, Random(1)).since == since
