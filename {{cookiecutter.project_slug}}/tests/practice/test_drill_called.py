"""When a learner is called: after callers have asked, also where nobody asks at night."""

from pathlib import Path

import pytest

from mlsystem.practice.drills import drill, live
from mlsystem.practice.drills.choices import HOUR, first_day
from mlsystem.practice.drills.sandbox import Sandbox
from mlsystem.practice.drills.world import World

CLOSED = 10  # hours after the fault in which nobody asks
NAMES = [one.name for one in drill.all_drills() if one.alert not in one.page or not one.alert]


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Hours pass at once. How many questions each has, from the fault on; later ones have one."""
    questions: list[int] = []

    def play(world: World, hours: int) -> None:
        for _ in range(hours):
            place = int((world.clock - world.plan.since) / HOUR)
            number = questions[place] if 0 <= place < len(questions) else 1
            world.asked.extend([{"at": str(world.clock)}] * number)
            world.clock += HOUR

    monkeypatch.setattr(World, "play", play)
    return questions


def made(system, name: str, tmp_path: Path) -> World:  # type: ignore[no-untyped-def]
    own = Sandbox(tmp_path / "drill", system.settings.model_copy(update={"data_dir": tmp_path / "drill/data"}))
    world = World(system.settings, own, drill.load(name), 1, system.settings.first_day, first_day(system.settings, 1))
    world.clock = world.began + 12 * HOUR
    return world


def asked_since(world: World) -> int:
    return sum(one["at"] >= str(world.plan.since) for one in world.asked)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_called_before_callers_have_asked(system, passing: list[int], name: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    passing += [0] * CLOSED
    world = made(system, name, tmp_path)

    live.until_called(world)

    assert asked_since(world) >= live.ASKED_HOURS
    assert world.clock >= world.plan.since + world.drill.called_after * HOUR


def test_where_callers_always_ask_it_takes_no_longer(system, passing: list[int], tmp_path: Path):  # type: ignore[no-untyped-def]
    world = made(system, "limit_too_low", tmp_path)

    live.until_called(world)

    hours = (world.clock - world.plan.since) / HOUR
    assert world.drill.called_after <= hours < world.drill.called_after + live.CALLED_LATER
