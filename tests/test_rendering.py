"""Three files hold the answers; all others arrive exactly as they stand in the template."""

import datetime as dt
import json
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import baking
import pytest
from baking import RENDERED, TEMPLATE

LICENCES = {
    "MIT": "Permission is hereby granted, free of charge",
    "BSD-3-Clause": "Neither the name of the copyright holder",
    "Apache-2.0": "END OF TERMS AND CONDITIONS",
    "Proprietary": "Nobody may use, copy, change",
}
AWKWARD = {
    "spaces": "  My   own radar ",
    "quotes": """The "late" flight's 'radar' \"\"\" '''""",
    "markup": "Wind & <b>Weather</b> #1 %s {0} ${HOME} `ls`",
    "backslashes": r"C:\new\table\u0041 \\ \"",
    "umlauts": "Über-Flüge für Ægir",
    "emoji": "🛫 late? 👩‍✈️",
    "very long": "Long " * 200,
}


PROBLEMS = {"flights": "flight-delay-radar", "deliveries": "late-delivery-radar"}
PLACES = {"src/mlsystem/domain": "domain", "tests/domain": "tests", "docs/domain": "docs"}


def place_in_template(file: Path, problem: str = "flights") -> Path:
    """Where the template has the file: the problem that does not lie in its place waits in `problems`."""
    for place, part in PLACES.items():
        if problem != "flights" and file.is_relative_to(place):
            return Path("problems", problem, part) / file.relative_to(place)
    return file


def same_as_template(template: Path, project: Path, file: Path, problem: str = "flights") -> bool:
    source, copy = template / TEMPLATE / place_in_template(file, problem), project / file
    is_executable = [bool(path.stat().st_mode & 0o111) for path in (source, copy)]
    return source.read_bytes() == copy.read_bytes() and is_executable[0] == is_executable[1]


def settings(project: Path) -> dict[str, str]:
    return tomllib.loads((project / "project.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_only_the_three_files_with_answers_differ_from_the_template(bake, template: Path, problem: str):
    project = bake(problem=problem)
    baked = set(baking.tracked_files(project))

    differing = {file for file in baked if not same_as_template(template, project, file, problem)}

    assert project.name == PROBLEMS[problem]
    assert differing == RENDERED
    whole = {path.relative_to(TEMPLATE) for path in files_of(template) if TEMPLATE in path.parts}
    others = {file for file in whole if file.parts[0] == "problems"}
    own = {file for file in whole - others if any(file.is_relative_to(place) for place in PLACES)}
    assert {file for file in baked if any(file.is_relative_to(place) for place in PLACES)} == (
        own if problem == "flights" else {file for file in baked if place_in_template(file, problem) in others}
    )
    assert baked >= whole - others - own


def test_bakes_of_two_problems_differ_in_the_domains_folders_and_the_three_rendered_files_alone(ask, tmp_path: Path):
    bakes = []
    for problem, slug in PROBLEMS.items():
        assert ask(problem=problem).returncode == 0
        bakes.append(tmp_path / "out" / slug)

    files = [set(baking.tracked_files(bake)) for bake in bakes]
    outside = [{file for file in own if not any(file.is_relative_to(place) for place in PLACES)} for own in files]

    assert outside[0] == outside[1]
    assert {file for file in outside[0] if (bakes[0] / file).read_bytes() != (bakes[1] / file).read_bytes()} == RENDERED


def files_of(template: Path) -> list[Path]:
    return [path.relative_to(template) for path in template.rglob("*") if path.is_file()]


def test_neither_the_text_nor_the_name_of_a_copied_file_is_ever_rendered(tmp_path: Path, stranger: dict[str, str]):
    template = baking.export(tmp_path / "template")
    planted = [Path("src/README.md"), Path("docs/{{cookiecutter.author}}/LICENSE")]
    for file in planted:
        (template / TEMPLATE / file).parent.mkdir(parents=True, exist_ok=True)
        (template / TEMPLATE / file).write_bytes(b"{{ cookiecutter.nothing }} {% raw %}\r\n")
    (into := tmp_path / "out").mkdir()

    result = baking.cookiecutter(template, into, env=stranger)

    assert result.returncode == 0, result.stdout
    for file in planted:
        assert same_as_template(template, into / "flight-delay-radar", file)


def test_every_entry_at_the_top_is_either_rendered_or_named_in_the_copy_list(template: Path):
    copied = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))["_copy_without_render"]
    entries = {path.name for path in (template / TEMPLATE).iterdir()}

    # In lower case, because Windows compares names so.
    unnamed = {name for name in entries if not any(fnmatch(name.lower(), pattern.lower()) for pattern in copied)}

    assert unnamed == {str(file) for file in RENDERED}, "add the new name to _copy_without_render in cookiecutter.json"
    assert not [name for name in entries if "{" in name], "cookiecutter renders the names at the top"


def test_the_copy_list_names_nothing_that_neither_the_template_nor_a_run_makes(template: Path):
    copied = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))["_copy_without_render"]
    entries = [path.name for path in (template / TEMPLATE).iterdir()]

    lost = {pattern for pattern in copied if not any(fnmatch(name, pattern) for name in entries)}

    assert lost <= {"data", "reports", ".*", "*.py"}, "these stand in cookiecutter.json without a file or a folder"


@pytest.mark.parametrize("licence", LICENCES)
@pytest.mark.parametrize("answer", AWKWARD.values(), ids=AWKWARD)
def test_every_licence_bakes_with_every_awkward_answer(bake, template: Path, licence: str, answer: str):
    project = bake(project_name=answer, description=answer, author=answer, licence=licence, seed="7")

    held = settings(project)
    licence_text = (project / "LICENSE").read_text(encoding="utf-8")
    assert held["name"] == held["description"] == held["author"] == answer
    assert (held["licence"], held["seed"], held["slug"]) == (licence, "7", project.name)
    assert LICENCES[licence] in licence_text
    assert f"{dt.datetime.now(dt.UTC):%Y} {answer}" in licence_text
    assert not licence_text.startswith((" ", "\n")) or licence == "Apache-2.0"
    copied = set(baking.tracked_files(project)) - RENDERED
    assert all(same_as_template(template, project, file) for file in copied)


def test_the_settings_are_valid_before_they_are_rendered_too(template: Path):
    held = settings(template / TEMPLATE)

    answers = {"name", "slug", "description", "author", "licence", "seed"}
    assert set(held) == answers | {"problem", "lanes", "template", "template_version", "generated_on"}
    assert held["seed"] == "{{ cookiecutter.seed }}"


def test_the_defaults_are_the_ones_that_the_readme_shows(project: Path):
    held = settings(project)

    assert (held["name"], held["slug"]) == ("Flight Delay Radar", "flight-delay-radar")
    assert (held["licence"], held["seed"]) == ("MIT", "2013")


def test_no_placeholder_is_left_in_a_rendered_file(project: Path):
    for file in RENDERED:
        text = (project / file).read_text(encoding="utf-8")
        assert "{{" not in text
        assert "{%" not in text


def test_the_python_of_a_bake_lints_and_is_formatted(project: Path):
    for check in (["check"], ["format", "--check"]):
        result = baking.run(sys.executable, "-m", "ruff", *check, "--no-cache", ".", cwd=project)
        assert result.returncode == 0, result.stdout


def test_the_questions_are_asked_in_plain_language(template: Path, tmp_path: Path, stranger: dict[str, str]):
    script = f"yes '' | {sys.executable} -m cookiecutter --default-config --output-dir . {template}"

    result = baking.run("bash", "-c", script, cwd=tmp_path, env=stranger)

    assert result.returncode == 0, result.stdout
    assert "What is your project called?" in result.stdout
    assert result.stdout.count("[8/8]") == 1, "eight questions, no more"
