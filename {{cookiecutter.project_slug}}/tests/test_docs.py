"""The documents say what is there: what they name exists, what they show is what comes out, and nothing is left out."""

import ast
import contextlib
import doctest
import io
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import pages
from mlsystem import settings as settings_room
from mlsystem.__main__ import GROUPS
from mlsystem.domain import tables
from mlsystem.domain.features import MODEL_FEATURES, STORED_FEATURES, VIEWS
from mlsystem.domain.request import Flight
from mlsystem.settings import ROOT

PACKAGE = ROOT / "src/mlsystem"
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
DECISIONS = sorted((DOCS / "decisions").glob("0*.md"))
TASKS = pages.makefile_tasks(ROOT / "Makefile")
EVERY_DOMAIN_HAS = {"service_date", "known_at", "event_id"}  # no words of flights


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_what_a_page_names_exists(page: Path):
    text = page.read_text(encoding="utf-8")

    assert pages.broken_links(page) == []
    assert pages.unknown_files(text, [ROOT, PACKAGE, PACKAGE / "domain", page.parent]) == []
    assert pages.unknown_tasks(text, TASKS) == []
    assert pages.lost_names(text, PACKAGE) == []


def test_every_task_that_the_code_tells_a_person_to_run_exists():
    """An error that ends with "run `make x`" must not send anyone to a task that is gone."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))

    assert len(pages.TASK.findall(code)) > 10, "the search finds no tasks in the code any more"
    assert pages.unknown_tasks(code, TASKS) == []


def test_the_command_line_has_the_tasks_of_the_makefile():
    text = (PACKAGE / "__main__.py").read_text(encoding="utf-8")

    assert set(re.findall(r'(?:\btask|^ +)\("([a-z]+)",', text, re.MULTILINE)) == TASKS - {"help", "setup"}


def test_the_makefile_and_the_command_line_have_the_same_groups_with_every_task_and_eight_for_every_day():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    parts = [part.partition("\n") for part in makefile.split("\n##@ ")[1:]]
    grouped = {title: " ".join(re.findall(r"^([a-z]+):.*## ", lines, re.MULTILINE)) for title, _, lines in parts}

    told = subprocess.run([sys.executable, "-m", "mlsystem", "--help"], capture_output=True, text=True, check=True)

    assert list(grouped.items()) == list(GROUPS.items())
    assert set(" ".join(GROUPS.values()).split()) == TASKS - {"help", "setup"}
    assert len(next(iter(GROUPS.values())).split()) == 8
    assert (
        re.findall(r"^  ([a-z]+)  +\S", told.stdout.split(next(iter(GROUPS)))[1], re.MULTILINE)
        == " ".join(GROUPS.values()).split()
    )


def test_the_readme_says_how_much_an_installation_is():
    """To a fifth: platforms differ, and a new version weighs a little more."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    packages = list(metadata.distributions())
    installed = Path(sys.prefix)
    weight = sum(path.lstat().st_size for path in installed.rglob("*") if not path.is_dir()) / 1e9

    said = re.search(r"some (\d+) packages, ([\d.]+) GB", text)

    assert said is not None
    assert abs(int(said[1]) - len(packages)) <= len(packages) / 5, f"it is {len(packages)} packages now"
    assert abs(float(said[2]) - weight) <= weight / 5, f"it is {weight:.1f} GB now"


def test_every_decision_has_its_form_its_number_and_its_place_in_the_index():
    index = (DOCS / "decisions/README.md").read_text(encoding="utf-8")
    numbers = [int(decision.name[:4]) for decision in DECISIONS]

    assert [fault for decision in DECISIONS for fault in pages.decision_faults(decision)] == []
    assert numbers == list(range(1, len(numbers) + 1)), "each number once, none left out"
    assert re.findall(r"\]\((0.+?)\)", index) == [decision.name for decision in DECISIONS]


def test_the_index_has_each_decision_under_its_own_title():
    index = (DOCS / "decisions/README.md").read_text(encoding="utf-8")
    titles = [decision.read_text(encoding="utf-8").splitlines()[0].partition(". ")[2] for decision in DECISIONS]

    assert [title for title in titles if f"| {title} |" not in index] == []


def test_every_decision_that_the_code_names_exists():
    searched = [path for folder in ("src", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in searched)
    named = set(re.findall(r"decisions?[ /](0\d{3})", code))

    assert len(named) > 2, "the search finds no decisions in the code any more"
    assert named <= {decision.name[:4] for decision in DECISIONS}


def test_the_glossary_is_in_order_and_gives_each_word_one_place_in_the_code():
    entries = (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()[4:]
    words = [re.match(r"\* \*\*`?(.+?)`?\*\*: .+\. \[`(.+)`\]\((.+\2)\)$", entry) for entry in entries]

    assert [entry for entry, word in zip(entries, words, strict=True) if word is None] == []
    found = [word[1].lower() for word in words if word]
    assert found == sorted(set(found))


def test_make_it_yours_lists_every_file_that_knows_the_domains_words():
    """A file outside `domain/` that names a column, a table, a view or a feature has to change with the domain."""
    text = (DOCS / "make-it-yours.md").read_text(encoding="utf-8")
    section = text.split("\n## 4.")[1].split("\n## ")[0]

    listed = re.findall(r"^\| `(\S+)` \|", section, re.MULTILINE)

    assert sorted(listed) == sorted(files_that_know(domain_words()))


def domain_words() -> set[str]:
    """The names that the domain declares and a file elsewhere could read; `flights` alone is a plain word too."""
    ruled = {column for table in tables.EVENT_TABLES for rule in table.rules for column in rule.columns}
    tabled = {table.name for table in tables.EVENT_TABLES} | {view.name for view in VIEWS}
    featured = {feature.name for feature in (*MODEL_FEATURES, *STORED_FEATURES)}
    return (ruled | tabled | featured | set(Flight.__dataclass_fields__)) - EVERY_DOMAIN_HAS - {"flights"}


def files_that_know(words: set[str]) -> list[str]:
    """The files of the package, without the domain, with one of the words as a string, an attribute or a field."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        named = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        named |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        fields = [node.target for node in nodes if isinstance(node, ast.AnnAssign)]
        named |= {field.id for field in fields if isinstance(field, ast.Name)}
        if named & words and path.relative_to(PACKAGE).parts[0] != "domain":
            found.append(str(path.relative_to(PACKAGE).as_posix()))
    return found


def test_the_example_of_make_it_yours_is_a_table_that_the_domain_would_take():
    ((language, code),) = pages.blocks((DOCS / "make-it-yours.md").read_text(encoding="utf-8"))
    names = dict(vars(tables))

    exec(code, names)

    assert language == "python"
    assert isinstance(names["RETURNS"], tables.Table)


def test_the_tour_prints_what_it_shows(system, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Every block in order, in one session, as a reader pastes them; `...` is what a machine or a seed varies."""
    monkeypatch.setattr(settings_room, "load_settings", lambda: system.settings)
    session: dict[str, object] = {}
    printed = ""

    for language, content in pages.blocks((DOCS / "tour.md").read_text(encoding="utf-8")):
        if language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(content, session)
            printed = out.getvalue()
        elif language == "text":
            assert doctest.OutputChecker().check_output(content, printed, doctest.ELLIPSIS), f"{content}\n!=\n{printed}"


def test_faults_planted_in_a_page_are_found(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("[a](b.md) [c](page.md#d) [e](https://e.org) `x/y.py` `page.md` `data/z.json`\n    make tea\n")
    (tmp_path / "code.py").write_text("def there():\n    pass\n")

    assert pages.broken_links(page) == ["b.md"]
    assert pages.unknown_files(page.read_text(), [tmp_path]) == ["x/y.py"]
    assert pages.unknown_tasks(page.read_text() + "run `make demo`", {"demo"}) == ["tea"]
    assert pages.lost_names("`there` in `code.py`, `gone` in `code.py`", tmp_path) == ["gone in code.py"]


def test_faults_planted_in_a_decision_are_found(tmp_path: Path):
    decision = tmp_path / "0007-why.md"
    decision.write_text("# 8. Why\n\n## Context\n" + "so\n" * 40)

    assert len(list(pages.decision_faults(decision))) == 4
