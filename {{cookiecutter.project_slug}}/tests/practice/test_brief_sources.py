"""What the walk-through takes out of pages: the options that decisions rejected, and README.md's diagram."""

from pathlib import Path

import pytest

from mlsystem.practice.defence import brief, diagram, markdown
from mlsystem.practice.defence.citations import CitationGone
from mlsystem.settings import ROOT

DECISION = """# 1. Why

Status: accepted

## Context
* not this, 3 s

## Options rejected
Measured so:

* nothing, for a
  reason
* `slow`: 3 s

| it | ms | rows |
|---|---|---|
| slower | 7 | 9 |

Last: 4 GB.

## Consequences
* 5
"""


def test_rejected_options_are_read_from_lists_tables_and_sentences_those_with_a_figure_first(tmp_path: Path):
    (tmp_path / "0001-why.md").write_text(DECISION)

    (decision,) = markdown.decisions(tmp_path, tmp_path)

    assert (decision.number, decision.title, decision.status) == (1, "Why", "accepted")
    assert decision.rejected == ("`slow`: 3 s", "slower: ms 7, rows 9", "Last: 4 GB.", "nothing, for a reason")


def test_each_decision_of_this_project_tells_what_it_rejected():
    found = markdown.decisions(ROOT / "docs/decisions", ROOT)

    assert [one.path for one in found if not one.rejected] == []
    numbers = {number for several in brief.DECIDED.values() for number in several}
    assert numbers <= {one.number for one in found}


def test_the_diagram_is_the_readmes_and_a_loop_goes_back(tmp_path: Path):
    (tmp_path / "README.md").write_text(
        '```mermaid\nflowchart LR\n    a[("raw")] -->|in| b["x<br>y"]\n    b -.-> c\n    c -->|again| a\n```\n'
    )

    drawn = diagram.read(tmp_path / "README.md")

    assert [box.lines for box in drawn.boxes] == [("raw",), ("x", "y"), ("c",)]
    assert [box.y for box in drawn.boxes] == sorted(box.y for box in drawn.boxes)
    assert [(one.label, one.is_dashed, one.is_back) for one in drawn.arrows] == [
        ("in", False, False),
        ("", True, False),
        ("again", False, True),
    ]
    assert len(diagram.read(ROOT / "README.md").boxes) > 8


def test_a_readme_without_a_diagram_is_told(tmp_path: Path):
    (tmp_path / "README.md").write_text("# None\n")

    with pytest.raises(CitationGone, match="no mermaid flowchart"):
        diagram.read(tmp_path / "README.md")
