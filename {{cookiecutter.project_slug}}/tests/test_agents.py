"""AGENTS.md is what the machine makes of the map, the tasks and the laws, and fits on a page."""

import re

from mlsystem.reporting import agents
from mlsystem.settings import ROOT

LAWS = (ROOT / "docs/laws.md").read_text(encoding="utf-8")


def test_the_page_is_what_its_sources_say_today():
    assert (ROOT / "AGENTS.md").read_text(encoding="utf-8") == agents.render(ROOT), "`make readme` writes it anew"


def test_it_names_every_room_every_task_and_every_law():
    page = agents.render(ROOT)

    assert page.count("\n| `") > 20
    assert page.count("* `make ") > 25
    assert page.count("\n* **") == LAWS.count("\n* **") > 5


def test_each_law_names_a_test_that_is_there():
    laws = [line for line in LAWS.splitlines() if line.startswith("* **")]
    named = [re.search(r"`(tests/\w+\.py)`$", re.sub(r"\s+", " ", law)) for law in laws]

    assert [law for law, name in zip(laws, named, strict=True) if name is None or not (ROOT / name[1]).is_file()] == []
