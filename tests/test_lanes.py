"""Each combination of problem and lanes is a whole project, and one without a lane holds nothing of it."""

import functools
import itertools
import json
import re
import sys
from pathlib import Path

import baking
import pytest
from baking import ROOT, TEMPLATE

CONFIG = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
LANES = CONFIG["_lanes"]
CHOICES = ["none", *LANES, *(",".join(two) for two in itertools.combinations(LANES, 2)), "all"]
TRACES = {  # beside its name and its files
    "simulation": r"make year|mlsystem year|year\.html|year\.json",
    "practice": r"make (drill|tradeoffs|cards|capacity|experiment|brief|evidence|site)\b",
}


@functools.cache
def whole() -> set[Path]:
    """Every file of the template's project."""
    return {file.relative_to(TEMPLATE) for file in baking.tracked_files(ROOT) if file.parts[0] == TEMPLATE}


def files_of(lane: str) -> set[Path]:
    """What of it is the lane's: what has its name, and what lies in a folder that has it."""
    return {file for file in whole() if lane in (*file.parts[:-1], file.stem)}


def traces_of(lane: str, project: Path) -> list[str]:
    """The lines that name the lane, its tasks or one of its files."""
    names = {file.name for file in files_of(lane)} - {file.name for file in whole() - files_of(lane)} - {"lane.py"}
    own = "|".join(
        [
            rf"(?:[./`*\"]|lane: ){lane}\b",
            *(rf"(?<!\w){re.escape(name)}" for name in sorted(names)),
            *filter(None, [TRACES.get(lane)]),
        ]
    )
    found = []
    for file in baking.tracked_files(project):
        text = (project / file).read_bytes().decode("utf-8", errors="replace")
        found += [f"{file}:{n}: {line[:90]}" for n, line in enumerate(text.splitlines(), 1) if re.search(own, line)]
    return found


def test_the_lanes_that_can_be_chosen_are_those_that_are_there():
    marked = {file.stem for file in (ROOT / TEMPLATE / "lanes").glob("*.mk")}
    rooms = {file.parent.name for file in (ROOT / TEMPLATE / "src/mlsystem").glob("*/lane.py")}

    assert marked | rooms <= set(LANES)
    assert all(files_of(lane) for lane in LANES)


@pytest.mark.parametrize("problem", CONFIG["problem"])
@pytest.mark.parametrize("lanes", CHOICES)
def test_every_combination_bakes_lints_and_holds_nothing_of_a_lane_that_was_not_chosen(bake, problem: str, lanes: str):
    project = bake(problem=problem, lanes=lanes)
    chosen = set(LANES) if lanes == "all" else set(lanes.split(","))

    for lane in LANES:
        there = {file for file in files_of(lane) if (project / file).exists()}
        if lane in chosen:
            assert there
        else:
            assert (there, traces_of(lane, project)) == (set(), [])
    with_tasks = {path.stem for path in (ROOT / TEMPLATE / "lanes").glob("*.mk")}
    assert (project / "lanes").exists() == bool(chosen & with_tasks)
    for check in (["check"], ["format", "--check"]):
        result = baking.run(sys.executable, "-m", "ruff", *check, "--no-cache", ".", cwd=project)
        assert result.returncode == 0, result.stdout


def test_a_line_that_was_forgotten_is_found(bake):
    project = bake(lanes="none")
    (project / "docs/laws.md").write_text("See `studies`.\nOr `make year`.\n")

    assert traces_of("studies", project) == ["docs/laws.md:1: See `studies`."]
    assert traces_of("simulation", project) == ["docs/laws.md:2: Or `make year`."]
