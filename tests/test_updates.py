"""A project that was made with cruft takes a newer template, and keeps what its owner changed."""

import json
import sys
from pathlib import Path

import baking
import pytest
from baking import TEMPLATE

ME = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


@pytest.fixture
def env(stranger: dict[str, str]) -> dict[str, str]:
    return stranger | ME


def commit_all(folder: Path, message: str, env: dict[str, str]) -> str:
    for step in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", message]):
        result = baking.run("git", *step, cwd=folder, env=env)
        assert result.returncode == 0, result.stdout
    return baking.run("git", "rev-parse", "HEAD", cwd=folder).stdout.strip()


def cruft(*arguments: str | Path, cwd: Path, env: dict[str, str]) -> None:
    result = baking.run(sys.executable, "-m", "cruft", *arguments, cwd=cwd, env=env)
    assert result.returncode == 0, result.stdout


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.fixture
def released(tmp_path: Path, env: dict[str, str]) -> Path:
    """The template as a repository of its own, with one release."""
    template = baking.export(tmp_path / "template")
    commit_all(template, "First release", env)
    return template


@pytest.fixture
def owned(released: Path, tmp_path: Path, env: dict[str, str]) -> Path:
    """A project made from it, in git, with a change that its owner made."""
    answers = json.dumps({"project_name": """The "Ü" & 'I' radar""", "project_slug": "radar", "seed": "7"})
    cruft("create", released, "--no-input", "--default-config", "--extra-context", answers, cwd=tmp_path, env=env)
    project = tmp_path / "radar"
    append(project / "Makefile", "# my own line\n")
    commit_all(project, "Generate the project, and change it", env)
    return project


def test_a_project_takes_a_newer_template_and_keeps_its_own_changes(released: Path, owned: Path, env: dict[str, str]):
    append(released / TEMPLATE / "README.md", "\nNew for {{ cookiecutter.project_name }}.\n")
    append(released / TEMPLATE / "src" / "mlsystem" / "__init__.py", "# {{ kept as it stands }}\n")
    (news := released / TEMPLATE / "docs" / "news.md").parent.mkdir(exist_ok=True)
    news.write_text("News.\n")
    newest = commit_all(released, "Second release", env)

    cruft("update", "--skip-apply-ask", cwd=owned, env=env)

    assert "New for The \"Ü\" & 'I' radar." in (owned / "README.md").read_text(encoding="utf-8")
    assert (owned / "src" / "mlsystem" / "__init__.py").read_text().endswith("# {{ kept as it stands }}\n")
    assert (owned / "docs" / "news.md").read_text() == "News.\n"
    assert (owned / "Makefile").read_text().endswith("# my own line\n")
    assert json.loads((owned / ".cruft.json").read_text(encoding="utf-8"))["commit"] == newest
    assert not list(owned.rglob("*.rej"))


def test_an_update_keeps_the_answers(released: Path, owned: Path, env: dict[str, str]):
    before = (owned / "project.toml").read_bytes()
    append(released / TEMPLATE / "README.md", "\nNews.\n")
    commit_all(released, "Second release", env)

    cruft("update", "--skip-apply-ask", cwd=owned, env=env)

    assert (owned / "project.toml").read_bytes() == before


def test_a_project_that_is_up_to_date_says_so(owned: Path, env: dict[str, str]):
    cruft("check", cwd=owned, env=env)


def test_cruft_refuses_a_bad_slug_too_and_leaves_nothing(released: Path, tmp_path: Path, env: dict[str, str]):
    before = set(tmp_path.iterdir())
    (into := tmp_path / "out").mkdir()
    answers = ("--no-input", "--default-config", "--extra-context", '{"project_slug": "../x"}')

    result = baking.run(sys.executable, "-m", "cruft", "create", released, *answers, cwd=into, env=env)

    assert result.returncode != 0
    assert "cannot name a folder on Linux, macOS and Windows" in result.stdout
    assert set(tmp_path.iterdir()) == before | {into}
    assert not list(into.iterdir())
