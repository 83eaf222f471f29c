"""The template's documents say what is there; the project's own are held by its own tests."""

import re
import sys
from pathlib import Path

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
    for page in (PROJECT / "README.md", PROJECT / "docs/tour.md"):
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


def test_the_readme_names_every_question():
    text = (baking.ROOT / "README.md").read_text(encoding="utf-8")

    assert "Six questions" in text, "test_rendering.py counts them; say the number that it counts"
