"""The template's documents say what is there; the project's own are held by its own tests."""

import json
import re
import sys
import tomllib
from pathlib import Path

import agents_page
import baking
import pytest

PROJECT = baking.ROOT / baking.TEMPLATE
sys.path.append(str(PROJECT / "tests"))
import pages  # type: ignore[import-not-found]  # noqa: E402

PAGES = [baking.ROOT / "README.md", baking.ROOT / "CHANGELOG.md", *sorted((baking.ROOT / "docs").rglob("*.md"))]
MARKERS = ("<!-- figures: written by `make readme` -->", "<!-- end of figures -->")


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_what_a_page_names_exists(page: Path):
    text = page.read_text(encoding="utf-8")
    tasks = pages.makefile_tasks(baking.ROOT / "Makefile") | pages.makefile_tasks(PROJECT / "Makefile")
    tasks |= {task for lane in (PROJECT / "lanes").glob("*.mk") for task in pages.makefile_tasks(lane)}

    assert pages.broken_links(page) == []
    assert pages.unknown_files(text, [baking.ROOT, PROJECT, page.parent]) == []
    assert pages.unknown_tasks(text, tasks) == []


def test_both_readmes_have_one_place_for_the_figures():
    for readme in (baking.ROOT / "README.md", PROJECT / "README.md"):
        text = readme.read_text(encoding="utf-8")
        assert [text.count(marker) for marker in MARKERS] == [1, 1], readme


def test_a_project_says_no_figure_before_it_has_run():
    """Another machine's figures, with another seed, are not this project's."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    figures = text.split(MARKERS[0])[1].split(MARKERS[1])[0]

    assert "`make demo`" in figures
    assert "`make readme`" in figures
    assert not any(character.isdigit() for character in figures)


def test_no_page_of_a_project_asks_about_a_flight_that_another_seed_did_not_replay():
    for page in (PROJECT / "README.md", PROJECT / "docs/domain/tour.md"):
        assert 'scheduled_arrival_at":' not in page.read_text(encoding="utf-8"), f"{page}: `make smoke` prints one"


def test_the_readme_says_how_much_there_is_to_read():
    """To a thousand: a sentence about the size of the code that nothing counts is soon untrue."""
    text = (baking.ROOT / "README.md").read_text(encoding="utf-8")
    files = (PROJECT / "src/mlsystem").rglob("*.py")

    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)

    said = re.search(r"`src/mlsystem` is ([\d,]+) lines of Python", text)
    assert said is not None
    assert abs(int(said[1].replace(",", "")) - lines) <= 1_000, f"it is {lines:,} lines now"


def test_the_map_names_every_folder_and_page_of_the_repository():
    text = (baking.ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## The map")[1].split("\n## ")[0]

    top = {file.parts[0] for file in baking.tracked_files(baking.ROOT) if len(file.parts) > 1}

    assert {name for name in top if not name.startswith(".") and name not in section} == set()


def test_the_page_for_assistants_is_what_its_sources_say_today():
    assert (baking.ROOT / "AGENTS.md").read_text(encoding="utf-8") == agents_page.render(), "`make agents` writes it"


def test_the_version_that_a_bake_names_is_this_one():
    version = tomllib.loads((baking.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = re.search(r"^## (\S+)$", (baking.ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    answers = json.loads((baking.ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    assert newest is not None
    assert answers["_template_version"] == version == newest[1]


def test_the_readme_names_every_question():
    text = (baking.ROOT / "README.md").read_text(encoding="utf-8")

    assert "Eight questions" in text, "test_rendering.py counts them; say the number that it counts"


@pytest.mark.parametrize("domain", [PROJECT / "src/mlsystem/domain", PROJECT / "problems/deliveries/domain"])
def test_each_source_query_of_our_own_problems_says_its_grain_first(domain: Path):
    queries = sorted((domain / "sql").glob("source_*.sql"))

    assert queries
    for query in queries:
        table = query.stem.removeprefix("source_")
        assert query.read_text(encoding="utf-8").startswith(f"-- {table}: one row per "), query
