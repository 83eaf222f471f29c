"""The law: imports point upstream, each tool lives in its one room, the map names every room."""

import re
from pathlib import Path

import pytest

from architecture import LONGEST, rooms, too_long, unlisted, violations
from mlsystem.settings import ROOT

PACKAGE = ROOT / "src/mlsystem"


def test_imports_point_upstream_and_each_tool_lives_in_its_room():
    assert len(rooms(PACKAGE)) >= 10, "the checker looks at the wrong folder"

    assert violations(PACKAGE) == []


def test_every_problem_that_waits_in_the_templates_folder_keeps_the_domains_law():
    """A bake has none: the chosen one is its domain."""
    for problem in (ROOT / "problems").glob("*"):
        assert [one for one in violations(problem) if one.startswith("domain/")] == []


def test_no_file_of_python_is_too_long_to_be_read_in_one_sitting():
    assert too_long([ROOT / "src", ROOT / "tests", ROOT / "benchmarks"]) == []


def test_the_map_names_every_room():
    """The map is the section of README.md, or of a page of docs/, whose heading has the word "map" in it."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

    maps = [section for page in pages for section in map_sections(page.read_text(encoding="utf-8"))]

    assert maps, "no page has a section named map; README.md wants one that names every room of src/mlsystem"
    assert unlisted(PACKAGE, "\n".join(maps)) == []


@pytest.mark.parametrize(
    ("file", "line", "sentence"),
    [
        ("features/build.py", "from mlsystem.serving import service", "imports serving, which is downstream"),
        ("features/build.py", "from mlsystem import serving", "imports serving, which is downstream"),
        ("features/build.py", "def f():\n    import mlsystem.flows.data", "imports flows, which is downstream"),
        ("contract/check.py", "from mlsystem.errors import UserError", "it imports nothing but itself"),
        ("contract/check.py", "from mlsystem.domain import PROBLEM", "it imports nothing but itself"),
        ("contract/check.py", "import pyarrow", "the contract is plain Python, and imports no tool"),
        ("domain/problem.py", "from mlsystem import errors", "it imports the contract alone"),
        ("domain/problem.py", "from mlsystem.settings import ROOT", "it imports the contract alone"),
        ("domain/problem.py", "import duckdb", "the domain is plain Python, and imports no tool"),
        ("domain/problem.py", "def f():\n    import numpy", "the domain is plain Python, and imports no tool"),
        ("serving/schema.py", "from mlsystem.domain.question import FIELDS", "of the domain the rooms take PROBLEM"),
        ("serving/schema.py", "from mlsystem.domain import PROBLEM, tables", "of the domain the rooms take PROBLEM"),
        ("serving/schema.py", "from mlsystem import domain", "of the domain the rooms take PROBLEM"),
        ("serving/schema.py", "import mlsystem.domain.costs", "of the domain the rooms take PROBLEM"),
        ("__main__.py", "from mlsystem.domain.source import find", "of the domain the rooms take PROBLEM"),
        ("source/deliver.py", "def f():\n    import duckdb", "imports duckdb, which lives in engine"),
        ("monitoring/skew.py", "from feast import FeatureStore", "imports feast, which lives in feature_store"),
        ("replay/replay.py", "import mlflow.pyfunc", "imports mlflow, which lives in model_registry"),
        ("serving/service.py", "from sklearn.metrics import auc", "lives in model_registry and training"),
        ("features/build.py", "from . import compute", "imports relatively"),
        ("storage.py", "import os\nHOME = os.environ['HOME']", "reads the environment by os.environ"),
        ("storage.py", "from os import getenv", "reads the environment by os.getenv"),
        ("feature_store/store.py", "from feast.infra._x import y", "which feast documents for nobody"),
        ("gadgets/gadget.py", "", "gadgets has no place in the law's order"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, line: str, sentence: str):
    planted = tmp_path / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(line)

    found = violations(tmp_path)

    assert len(found) == 1
    assert sentence in found[0]


def test_an_upstream_import_and_a_tool_at_home_are_no_violations(tmp_path: Path):
    (tmp_path / "serving").mkdir()
    (tmp_path / "serving/service.py").write_text("import bentoml\nfrom mlsystem.domain import PROBLEM\n")
    (tmp_path / "settings.py").write_text("import os\nHOME = os.environ['HOME']\n")
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain/simulator.py").write_text("import csv\nimport numpy as np\nfrom mlsystem.domain import costs\n")

    assert violations(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "line", "sentence"),
    [
        ("commands/tasks.py", "from mlsystem.extra import plan", "imports extra, which is a lane"),
        ("other/plan.py", "def f():\n    import mlsystem.extra.plan", "imports extra, which is a lane"),
        ("extra/plan.py", "import duckdb", "imports duckdb, which lives in engine"),
    ],
)
def test_a_room_that_leans_on_a_lane_is_found_and_a_lane_may_lean_on_any(
    tmp_path: Path, file: str, line: str, sentence: str
):
    for lane in ("extra", "other"):
        (tmp_path / lane).mkdir()
        (tmp_path / lane / "lane.py").write_text("import prefect\nfrom mlsystem.flows import train\n")
    assert violations(tmp_path) == []
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(line)

    (found,) = violations(tmp_path)

    assert sentence in found


def test_a_file_that_is_too_long_is_found(tmp_path: Path):
    (tmp_path / "long.py").write_text("\n" * (LONGEST + 1))
    (tmp_path / "short.py").write_text("\n" * LONGEST)

    assert too_long([tmp_path]) == [f"{tmp_path / 'long.py'} has {LONGEST + 1} lines, at most {LONGEST}"]


def test_a_room_that_the_map_forgets_is_found(tmp_path: Path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source/deliver.py").touch()
    (tmp_path / "engine.py").touch()

    assert unlisted(tmp_path, "engine.py  runs SQL") == ["source"]
    assert map_sections("# Title\nsource/\n## The map\nengine.py\n## More\nsource/\n") == ["engine.py\n"]


def map_sections(text: str) -> list[str]:
    """The text below each heading that has the word "map" in it, up to the next heading."""
    parts = re.split(r"^(#+ .*)\n", text, flags=re.MULTILINE)
    headed = zip(parts[1::2], parts[2::2], strict=True)
    return [body for heading, body in headed if re.search(r"\bmap\b", heading, re.IGNORECASE)]
