"""README.md says what is the author's, by machine: decisions, changes since generation, figures beside others."""

import json
import subprocess
from pathlib import Path

import pytest

from mlsystem.reporting import mine
from mlsystem.reporting.markers import MarkersMissing
from mlsystem.settings import Project

PROJECT = Project(
    name="Mine", author="Ada", seed=7, problem="a problem", lanes="none",
    template="a-template", template_version="1.2.3",
    generated_on="2026-01-31",
)  # fmt: skip
RUN = {
    "seed": 7,
    "cores": 2,
    "champion": "best",
    "models": {"best": {"auc": 0.75, "ece": 0.01, "worth": {"saved": {"value": 1_234.5}}}},
    "serving": {"p50_ms": 3.25},
}


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgSign=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project as it was generated: one commit, an empty decision that waits, no run."""
    decisions = tmp_path / "docs/decisions/mine"
    decisions.mkdir(parents=True)
    (tmp_path / "docs/domain").mkdir()
    (decisions / "0001-your-first-decision.md").write_text("# 1. Your first decision\n\nStatus: not yet decided\n")
    (tmp_path / "README.md").write_text(f"# Mine\n\n{mine.SECTION.begin}\nold\n{mine.SECTION.end}\n\nThe rest.\n")
    (tmp_path / "project.toml").write_text("[project]\n")
    (tmp_path / "code.py").write_text("one\ntwo\nthree\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "generated")
    return tmp_path


def section(root: Path, project: Project = PROJECT) -> str:
    mine.write_mine(root, root / "reports", project)
    text = (root / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# Mine\n")
    assert text.endswith("\n\nThe rest.\n")
    return text.split(mine.SECTION.begin)[1].split(mine.SECTION.end)[0]


def test_before_anything_was_done_it_says_where_it_came_from_and_that_nothing_is_its_authors(root: Path):
    said = section(root)

    assert (
        "Generated on 2026-01-31 from a-template 1.2.3, with the problem *a problem*, the lanes *none* and the seed 7."
        in said
    )
    assert "what follows is by Ada" in said
    assert "Own decisions: 0, none yet" in said
    assert "Changed since generation: 0 files, 0 lines added, 0 removed." in said
    assert "Own figures: none yet; `make demo` measures them." in said
    assert "old" not in said


def test_a_change_counts_once_it_is_made_committed_or_not(root: Path):
    (root / "code.py").write_text("one\nTWO\nthree\nfour\n")
    git(root, "commit", "--quiet", "--all", "-m", "mine")
    (root / "project.toml").write_text("[project]\nseed = 8\n")

    assert mine.changes_since_generation(root) == mine.Changes(files=2, added=3, removed=1)


def test_a_decision_counts_when_it_was_decided(root: Path):
    (root / "docs/decisions/mine/0002-rivers.md").write_text("# 2. Rivers, not roads\n\nStatus: accepted, 2026-02\n")

    said = section(root)

    assert "Own decisions: 1:" in said
    assert "* [2. Rivers, not roads](docs/decisions/mine/0002-rivers.md)" in said
    assert "Your first decision" not in said


def test_figures_stand_beside_the_templates_and_only_after_a_run(root: Path):
    (root / "reports").mkdir()
    (root / "reports/run.json").write_text(json.dumps(RUN))
    alone = section(root)
    mine.write_reference(root / "reports", root / "docs/domain/reference.json")
    (root / "reports/run.json").write_text(json.dumps(RUN | {"seed": 8, "serving": {"p50_ms": 9.9}}))

    beside = section(root)

    assert "| AUC of the champion on days that it did not see | 0.750 |  |" in alone
    assert "| own figures, seed 8 | this project | the template's (seed 7, 2 cores) |" in beside
    assert "| median answer over HTTP, ms | 9.9 | 3.2 |" in beside


def test_without_git_it_says_that_it_does_not_know(root: Path):
    for path in sorted((root / ".git").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (root / ".git").rmdir()

    assert "is not known: there is no git history" in section(root)


def test_a_readme_without_a_place_for_it_is_left_alone(root: Path):
    (root / "README.md").write_text("# Mine\n")

    with pytest.raises(MarkersMissing, match="has no lines"):
        mine.write_mine(root, root / "reports", PROJECT)

    assert (root / "README.md").read_text() == "# Mine\n"
