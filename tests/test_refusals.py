"""An answer that cannot make a working project is refused: one sentence, exit code 1, nothing left behind."""

import ast
from pathlib import Path

import pre_gen_project
import pytest
from baking import ROOT

LANES = ["simulation", "alert_proofs", "studies"]
GOOD = {
    "project_name": "Radar",
    "project_slug": "radar",
    "description": "",
    "author": "Me",
    "lanes": "all",
    "seed": "7",
}
NO_FOLDER = "cannot name a folder on Linux, macOS and Windows"
BAD_SLUGS = [
    "",
    " ",
    ".",
    "..",
    "../x",
    "../../x/y",
    "a/b",
    "/",
    "/tmp/climbed-out",
    "~",
    "a\\b",
    "..\\x",
    "C:\\x",
    "C:x",
    "con",
    "NUL",
    "Com1",
    "lpt9",
    "aux.txt",
    "trailing.",
    "trailing ",
    " leading",
    "-option",
    "a<b",
    "a>b",
    'a"b',
    "a|b",
    "a?b",
    "a*b",
    "a:b",
    "a b",
    "a\tb",
    "a\nb",
    "ü",
    "🛫",
    "x" * 61,
    "x" * 5000,
]
BAD_ANSWERS = [
    ("seed", "", "is not a whole number"),
    ("seed", "1.5", "is not a whole number"),
    ("seed", "-1", "is not a whole number"),
    ("seed", "1e3", "is not a whole number"),
    ("seed", "seven", "is not a whole number"),
    ("seed", "\u0667", "is not a whole number"),
    ("seed", "9" * 5000, "is not a whole number"),
    ("lanes", "", "answer all, none, or some of simulation, practice, alert_proofs, studies"),
    ("lanes", ",", "answer all, none, or some of"),
    ("lanes", "simulation,wings", "answer all, none, or some of"),
    ("lanes", "all,none", "answer all, none, or some of"),
    ("project_name", "", "project_name is empty"),
    ("project_name", "   ", "project_name is empty"),
    ("author", "", "author is empty"),
    ("project_name", "two\nlines", "holds a line break or control character"),
    ("description", "a\x07bell", "holds a line break or control character"),
    ("author", "a\x7fdelete", "holds a line break or control character"),
    ("author", "a\x85next line", "holds a line break or control character"),
]


def everything_in(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def first_words(output: str) -> str:
    return output.strip().splitlines()[0]


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_a_slug_that_is_no_folder_name_everywhere_is_refused_and_nothing_is_made(ask, tmp_path: Path, slug: str):
    before = everything_in(tmp_path)

    result = ask(project_slug=slug)

    assert result.returncode == 1
    sentence = first_words(result.stdout)
    assert NO_FOLDER in sentence or "holds a line break or control character" in sentence
    assert everything_in(tmp_path) == before
    assert not Path("/tmp/climbed-out").exists()


@pytest.mark.parametrize(("question", "answer", "sentence"), BAD_ANSWERS)
def test_an_answer_that_cannot_work_is_refused_with_its_sentence(ask, tmp_path: Path, question, answer, sentence):
    before = everything_in(tmp_path)

    result = ask(**{question: answer})

    assert result.returncode == 1
    assert sentence in first_words(result.stdout)
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("slug", ["radar", "Radar_2", "a", "7", "flight-delay-radar", "console", "x" * 60])
def test_a_plain_slug_names_the_folder(bake, slug: str):
    assert bake(project_slug=slug).name == slug


def test_a_slug_is_never_allowed_to_replace_a_folder_that_is_there(ask, tmp_path: Path):
    precious = tmp_path / "out" / "radar" / "precious.txt"
    precious.parent.mkdir()
    precious.write_text("mine")

    result = ask(project_slug="radar")

    assert result.returncode == 1
    assert everything_in(tmp_path / "out") == {precious.parent, precious}


def test_a_refusal_offers_a_slug_that_works():
    (complaint,) = pre_gen_project.complaints(GOOD | {"project_slug": "../x"}, "x", (3, 11), LANES)

    assert complaint.endswith("such as x.")


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 10, 13)])
def test_an_old_python_is_refused_before_any_answer_is_judged(version: tuple[int, ...]):
    first = next(iter(pre_gen_project.complaints(GOOD | {"seed": "no"}, "radar", version, LANES)))

    assert first.startswith(f"Found Python {version[0]}.{version[1]}, but the project needs 3.11")


def test_good_answers_give_no_complaint():
    assert list(pre_gen_project.complaints(GOOD, "radar", (3, 11), LANES)) == []


@pytest.mark.parametrize("hook", ["pre_gen_project.py", "post_gen_project.py"])
def test_a_hook_parses_on_a_python_that_it_must_refuse(hook: str):
    ast.parse((ROOT / "hooks" / hook).read_text(encoding="utf-8"), feature_version=(3, 8))
