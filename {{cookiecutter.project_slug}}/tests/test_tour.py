"""The tour beside the domain prints what it shows."""

import contextlib
import doctest
import io

import pytest

import pages
from mlsystem import settings as settings_room
from mlsystem.settings import ROOT

TOUR = ROOT / "docs/domain/tour.md"


@pytest.mark.skipif(not TOUR.exists(), reason="the domain has no tour")
def test_the_tour_prints_what_it_shows(system, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Every block in order, in one session, as a reader pastes them; `...` is what a machine or a seed varies."""
    monkeypatch.setattr(settings_room, "load_settings", lambda: system.settings)
    session: dict[str, object] = {}
    printed = ""

    for language, content in pages.blocks(TOUR.read_text(encoding="utf-8")):
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(content, session)
            printed = out.getvalue()
        elif language == "text":
            assert doctest.OutputChecker().check_output(content, printed, doctest.ELLIPSIS), f"{content}\n!=\n{printed}"
