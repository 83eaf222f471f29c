"""The status page in a real browser, at a telephone's width and a laptop's."""

from dataclasses import replace
from pathlib import Path

import pytest

import browser
from mlsystem.reporting import state as seen
from mlsystem.reporting.status import render
from mlsystem.settings import Project
from seen_states import NOW, WELL, crowded


def test_markup_in_what_is_shown_stays_text():
    state = replace(WELL, models=seen.Models(NOW, "<script>alert(1)</script>"))

    assert "<script>" not in render(state, Project(name="<script>x</script>"), NOW)


@pytest.mark.parametrize("width", browser.WIDTHS)
@pytest.mark.parametrize("what", ["well", "crowded"])
def test_the_page_fits_its_screen_and_the_browser_has_nothing_to_complain_of(tmp_path: Path, what: str, width: int):
    page = tmp_path / "status.html"
    page.write_text(render(WELL if what == "well" else crowded(), Project(), NOW))

    shown = browser.show(page, width, tmp_path)

    assert shown.needs <= width
    assert shown.complaints == []
    assert ("All is well" if what == "well" else "3 things are wrong") in shown.text
    assert "2026-03-01 12:00:00 UTC" in shown.text
    assert ("that took no effect" in shown.text) is (what == "crowded")
    assert ("decisions and verdicts" in shown.text) is (what == "crowded")


def test_a_fault_in_a_page_is_seen_by_the_browser(tmp_path: Path):
    page = tmp_path / "wide.html"
    page.write_text('<p style="width:2000px">wide</p><script>undefinedThing()</script>')

    shown = browser.show(page, 390, tmp_path)

    assert shown.needs >= 2000
    assert len(shown.complaints) == 1
