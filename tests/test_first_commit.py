"""A bake starts its own git history where that helps, and is never stopped by git."""

from pathlib import Path

import baking
import pytest


def git(folder: Path, *arguments: str) -> str:
    result = baking.run("git", *arguments, cwd=folder)
    assert result.returncode == 0, result.stdout
    return result.stdout.strip()


def test_a_bake_is_one_commit_with_nothing_left_over_even_for_someone_git_does_not_know(project: Path):
    assert git(project, "log", "--format=%s by %an") == "Generate the project from its template by cookiecutter"
    assert git(project, "status", "--porcelain") == ""


def test_the_user_s_own_name_is_on_the_commit_when_git_knows_it(template, tmp_path: Path, stranger: dict[str, str]):
    known = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
    (into := tmp_path / "known").mkdir()

    baking.cookiecutter(template, into, env=stranger | known)

    assert git(into / "flight-delay-radar", "log", "--format=%an %ae") == "Ada ada@example.org"


@pytest.mark.parametrize("setting", ["init.templateDir", "core.hooksPath"])
def test_the_user_s_global_git_hooks_cannot_stop_a_bake(bake, tmp_path: Path, stranger: dict[str, str], setting: str):
    hooks = tmp_path / "hooks" / ("hooks" if setting == "init.templateDir" else "")
    hooks.mkdir(parents=True)
    for name in ("pre-commit", "commit-msg", "post-commit", "prepare-commit-msg"):
        (hooks / name).write_text("#!/bin/sh\necho stopped >&2; exit 1\n")
        (hooks / name).chmod(0o755)
    config = Path(stranger["GIT_CONFIG_GLOBAL"])
    baking.run("git", "config", "--file", config, setting, str(tmp_path / "hooks"), cwd=tmp_path)
    baking.run("git", "config", "--file", config, "commit.gpgSign", "true", cwd=tmp_path)

    try:
        project = bake()
    finally:
        config.unlink()

    assert git(project, "rev-list", "--count", "HEAD") == "1"


def test_inside_another_repository_no_second_one_is_started(ask, tmp_path: Path):
    git(tmp_path, "init", "--quiet")

    result = ask()

    assert "already belongs to one" in result.stdout
    assert not (tmp_path / "out" / "flight-delay-radar" / ".git").exists()


def test_in_a_folder_that_the_outer_repository_ignores_the_bake_has_its_own(bake, tmp_path: Path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("out/\n")

    project = bake()

    assert (project / ".git").is_dir()


def test_a_bake_called_from_a_git_hook_leaves_the_caller_s_repository_alone(
    template: Path, tmp_path: Path, stranger: dict[str, str]
):
    git(tmp_path, "init", "--quiet", "caller")
    caller = {
        "GIT_DIR": str(tmp_path / "caller" / ".git"),
        "GIT_INDEX_FILE": str(tmp_path / "caller" / ".git" / "index"),
    }
    (into := tmp_path / "out").mkdir()

    baking.cookiecutter(template, into, env=stranger | caller)

    assert git(into / "flight-delay-radar", "rev-list", "--count", "HEAD") == "1"
    assert git(tmp_path / "caller", "status", "--porcelain") == ""


def test_without_git_a_bake_is_whole_and_says_so(template: Path, tmp_path: Path, stranger: dict[str, str]):
    (into := tmp_path / "out").mkdir()

    result = baking.cookiecutter(template, into, env=stranger | {"PATH": str(tmp_path)})

    assert result.returncode == 0, result.stdout
    assert "git is missing or refused" in result.stdout
    assert (into / "flight-delay-radar" / "Makefile").is_file()


def test_a_bake_names_the_next_two_commands_and_the_way_without_make(ask):
    said = ask(project_slug="radar").stdout

    assert "    cd radar\n    make demo\n" in said
    assert "Windows" in said


def test_what_a_run_left_in_the_template_s_own_folder_does_not_travel(tmp_path: Path, stranger: dict[str, str]):
    template = baking.export(tmp_path / "template")
    for left_over in (".venv/bin/python", "data/1_source/flights.txt", "reports/report.html", ".env"):
        (template / baking.TEMPLATE / left_over).parent.mkdir(parents=True, exist_ok=True)
        (template / baking.TEMPLATE / left_over).write_text("{{ of an earlier run }}")
    (into := tmp_path / "out").mkdir()

    result = baking.cookiecutter(template, into, env=stranger)

    assert result.returncode == 0, result.stdout
    names = {path.name for path in (into / "flight-delay-radar").iterdir()}
    assert names.isdisjoint({".venv", "data", "reports", ".env"})
