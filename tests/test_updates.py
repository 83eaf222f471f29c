"""A project that was made with cruft takes a newer template, and keeps what its owner changed."""

import json
import re
import shlex
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


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, file
    file.write_text(text.replace(old, new), encoding="utf-8")


def relock(folder: Path) -> None:
    result = baking.run(sys.executable, folder / "locks.py", cwd=folder)
    assert result.returncode == 0, result.stdout


def commands(page: Path, section: str) -> list[list[str]]:
    """What the section of the page tells its reader to type, in its order."""
    text = page.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [shlex.split(line) for line in re.findall(r"^ {4,}((?:make|git|cruft) .*)$", text, re.MULTILINE)]


@pytest.fixture
def in_conflict(released: Path, tmp_path: Path, env: dict[str, str]) -> Path:
    """A project committed as it came, whose owner and whose template then changed the same lines of three files."""
    small = "# What the system runs on.\npsutil>=7\njinja2>=3.1\n"  # the real one takes a minute, and conflicts alike
    (released / TEMPLATE / "requirements.in").write_text(small)
    (released / TEMPLATE / "requirements.dev.in").write_text("-c requirements.lock\npytest\n")
    relock(released / TEMPLATE)
    commit_all(released, "A small release", env)
    answers = json.dumps({"project_slug": "radar"})
    cruft("create", released, "--no-input", "--default-config", "--extra-context", answers, cwd=tmp_path, env=env)
    project = tmp_path / "radar"
    commit_all(project, "Generate the project", env)
    for folder, words, asked in (
        (project, "on my laptop", "psutil>=7\niniconfig==2.0.0\n"),
        (released / TEMPLATE, "on any laptop", "psutil>=7.1\n"),
    ):
        replace(folder / "README.md", "on a laptop", words)
        replace(folder / "requirements.in", "psutil>=7\n", asked)
        relock(folder)
    commit_all(project, "Add a package of my own", env)
    commit_all(released, "Second release", env)
    return project


def test_the_documented_way_through_a_conflict_keeps_both_and_ends_with_locks_that_fit(
    in_conflict: Path, env: dict[str, str]
):
    page, told = baking.ROOT / TEMPLATE / "docs" / "update.md", []
    update, *_ = commands(page, "Without a conflict")
    look, lock, test, *settled = commands(page, "With one")
    assert (update, look, lock, test) == (
        ["cruft", "update"],
        ["git", "status", "--short"],
        ["make", "lock"],
        ["make", "test"],
    )

    cruft(*update[1:], "--skip-apply-ask", cwd=in_conflict, env=env)
    seen = baking.run(*look, cwd=in_conflict, env=env).stdout
    conflicts = re.findall(r"^UU (.+)$", seen, re.MULTILINE)
    assert conflicts == ["README.md", "requirements.in", "requirements.lock"]

    told.append(baking.run(sys.executable, "bootstrap.py", cwd=in_conflict).stdout)  # what every task begins with
    told.append(baking.run(*lock, cwd=in_conflict).stdout)
    assert "requirements.lock holds both sides of a merge: settle requirements.in by hand, then `make lock`" in told[0]
    assert "requirements.in holds both sides of a merge" in told[1]

    settle(in_conflict / "README.md", "on any laptop, mine too")
    settle(in_conflict / "requirements.in", "psutil>=7.1\niniconfig==2.0.0\n")
    locked = baking.run(*lock, f"PYTHON={sys.executable}", cwd=in_conflict)
    assert locked.returncode == 0, locked.stdout
    for step in settled:
        assert baking.run(*step, cwd=in_conflict, env=env).returncode == 0

    text = (in_conflict / "requirements.lock").read_text(encoding="utf-8")
    assert "iniconfig==2.0.0 " in text
    assert "psutil==7." in text
    assert "<<<<<<<" not in text
    assert "iniconfig==2.0.0 " in (in_conflict / "requirements.dev.lock").read_text(encoding="utf-8")
    assert "mine too" in (in_conflict / "README.md").read_text(encoding="utf-8")
    assert baking.run(*look, cwd=in_conflict).stdout == ""
    assert stale(in_conflict) == "[]"


def settle(file: Path, ours_and_theirs: str) -> None:
    """As a person does by hand: the marked lines go, and one text for both sides stands there."""
    both = re.compile(r"^<<<<<<< .*?^>>>>>>> [^\n]*\n", re.MULTILINE | re.DOTALL)
    whole, count = both.subn(ours_and_theirs, file.read_text(encoding="utf-8"))
    assert count == 1
    file.write_text(whole, encoding="utf-8")


def stale(project: Path) -> str:
    """As the project's own test asks."""
    code = "import bootstrap; from pathlib import Path; print(bootstrap.stale_locks(Path.cwd()))"
    return baking.run(sys.executable, "-c", code, cwd=project).stdout.strip()
