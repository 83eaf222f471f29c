"""The live route: the commands of this project's own page, run and timed on a copy of what is the user's."""

import json
from pathlib import Path

import pytest

from mlsystem.model_registry import promotions, versions
from mlsystem.practice.defence import route
from mlsystem.practice.defence.route import RouteBroken, RouteNotThere
from mlsystem.settings import ROOT, Settings

PAGE = ROOT / "docs/domain/README.md"
FIVE_MINUTES = 300


def test_the_commands_are_those_of_the_problems_own_page():
    assert [route.arguments(one)[0] for one in route.commands(PAGE)] == [
        "replay",
        "monitor",
        "retrain",
        "replay",
        "judge",
    ]
    assert not any("#" in one for one in route.commands(PAGE)), "what is said of a command is no part of it"


def test_a_page_without_the_loop_is_refused(tmp_path: Path):
    (tmp_path / "page.md").write_text("## The loop, by hand\n\n    make demo\n")

    with pytest.raises(RouteBroken, match="the route is made of its commands"):
        route.commands(tmp_path / "page.md")


def test_a_route_that_was_not_run_says_how_it_is(tmp_path: Path):
    with pytest.raises(RouteNotThere, match="`make brief ARGS=--route`"):
        route.read_route(tmp_path)


def test_a_step_that_tells_no_next_command_is_refused(tmp_path: Path):
    judged = route.Step("judge", "make judge", 1.0, "nothing", is_live=True)

    with pytest.raises(RouteBroken, match="tells no next command"):
        route._taken_back(Settings(data_dir=tmp_path), judged)


@pytest.mark.slow
def test_a_command_that_fails_on_the_way_tells_its_reason(tmp_path: Path):
    own = Settings(data_dir=tmp_path / "data", reports_dir=tmp_path / "reports")

    with pytest.raises(RouteBroken, match=r"`judge` of the route failed, on a copy of this project:\njudge: .*`make "):
        route._task(own, ["judge"])


@pytest.mark.slowest
def test_the_route_is_gone_in_five_minutes_and_leaves_the_users_models_as_they_were(system, tmp_path: Path):  # type: ignore[no-untyped-def]
    settings = system.settings.model_copy(update={"reports_dir": tmp_path})
    before = versions.aliases_at_rest(settings.models_dir), len(promotions.history(settings.models_dir))

    found = route.run(settings, PAGE)

    names = [one["name"] for one in found["steps"]]
    assert names[:7] == ["up", "replay", "predict", "degrade", "retrain", "shadow", "judge"]
    assert names[-1] == "rollback"
    assert "degraded: " in found["steps"][3]["said"]
    assert found["live_seconds"] == pytest.approx(sum(s["seconds"] for s in found["steps"] if s["is_live"]), abs=0.1)
    assert json.loads((tmp_path / "route.json").read_text()) == found == route.read_route(tmp_path)
    assert (versions.aliases_at_rest(settings.models_dir), len(promotions.history(settings.models_dir))) == before
    assert not (settings.data_dir / route.NAME).exists()
