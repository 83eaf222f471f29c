"""The status page in a real browser, at a telephone's width and a laptop's."""

from dataclasses import replace
from pathlib import Path

import pytest

import browser
from mlsystem.reporting import system_state
from mlsystem.reporting.status import render
from mlsystem.settings import Project
from system_states import NOW, WELL, crowded_state


def test_markup_in_what_is_shown_stays_text():
    state = replace(WELL, models=system_state.Models(NOW, "<script>alert(1)</script>"))

    assert "<script>" not in render(state, Project(name="<script>x</script>"), NOW)


@pytest.mark.parametrize("width", browser.WIDTHS)
@pytest.mark.parametrize("what", ["well", "crowded"])
def test_the_page_fits_its_screen_and_the_browser_has_nothing_to_complain_of(tmp_path: Path, what: str, width: int):
    page = tmp_path / "status.html"
    page.write_text(render(WELL if what == "well" else crowded_state(), Project(), NOW))

    shown = browser.show(page, width, tmp_path)

    assert shown.faults(width) == []
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
    assert len(shown.faults(390)) == 2


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<div style="overflow-x:auto"><div style="width:1500px">figures</div></div>', "hidden by a frame: "),
        ('<table><tr style="height:90px"><td></td></tr></table>', "hollow: "),
        ("<p>0.30000000000000004 USD</p>", "0.30000000000000004"),
        ("<p>1.036e+04 USD</p>", "1.036e+04"),
        ("<p>nan % of questions</p>", "nan"),
    ],
)
def test_what_is_cut_hollow_or_raw_is_seen(tmp_path: Path, html: str, fault: str):
    page = tmp_path / "page.html"
    page.write_text(html)

    found = browser.show(page, 1280, tmp_path).faults(1280)

    assert any(one.startswith(fault) for one in found), found
