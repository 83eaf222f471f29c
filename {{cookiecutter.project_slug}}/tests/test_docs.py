"""The documents say what is there: what they name exists, what they show is what comes out, and nothing is left out."""

import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

import pages
from mlsystem.__main__ import GROUPS
from mlsystem.contract.features import Feature
from mlsystem.contract.tables import Facts
from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine
from mlsystem.features.compute import view_sql
from mlsystem.lanes import lane_tasks, lanes
from mlsystem.settings import ROOT

PACKAGE = ROOT / "src/mlsystem"
DOCS = ROOT / "docs"
OWN = DOCS / "domain/README.md"  # a part of README.md, from where its links lead
PAGES = [ROOT / "README.md", *(page for page in sorted(DOCS.rglob("*.md")) if page != OWN)]
DECISIONS = sorted((DOCS / "decisions").glob("0*.md"))
MAKEFILES = [ROOT / "Makefile", *sorted((ROOT / "lanes").glob("*.mk"))]
TASKS = {task for makefile in MAKEFILES for task in pages.makefile_tasks(makefile)}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_what_a_page_names_exists(page: Path):
    text = pages.readme(ROOT) if page.parent == ROOT else page.read_text(encoding="utf-8")

    assert pages.broken_links(page, text) == []
    assert pages.unknown_files(text, [ROOT, PACKAGE, PACKAGE / "domain", PACKAGE / "domain/sql", page.parent]) == []
    assert pages.unknown_tasks(text, TASKS) == []
    assert pages.lost_names(text, PACKAGE) == []


def test_every_task_that_the_code_tells_a_person_to_run_exists():
    """An error that ends with "run `make x`" must not send anyone to a task that is gone."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))

    assert len(pages.TASK.findall(code)) > 10, "the search finds no tasks in the code any more"
    assert pages.unknown_tasks(code, TASKS) == []


def test_the_command_line_has_the_tasks_of_the_makefile():
    text = (PACKAGE / "__main__.py").read_text(encoding="utf-8")
    core = set(re.findall(r'(?:\btask|^ +)\("([a-z-]+)",', text, re.MULTILINE))

    assert core == pages.makefile_tasks(ROOT / "Makefile") - {"help", "setup"}
    assert core | set(lane_tasks()) == TASKS - {"help", "setup"}


def test_the_makefile_and_the_command_line_have_the_same_groups_with_every_task_and_eight_for_every_day():
    makefile = "\n".join(path.read_text(encoding="utf-8") for path in MAKEFILES)
    groups = GROUPS | {lane.group: " ".join(task.name for task in lane.tasks) for lane in lanes().values()}
    parts = [part.partition("\n") for part in makefile.split("\n##@ ")[1:]]
    grouped = {title: " ".join(re.findall(r"^([a-z-]+):.*## ", lines, re.MULTILINE)) for title, _, lines in parts}

    told = subprocess.run([sys.executable, "-m", "mlsystem", "--help"], capture_output=True, text=True, check=True)

    assert list(grouped.items()) == list(groups.items())
    assert set(" ".join(groups.values()).split()) == TASKS - {"help", "setup"}
    assert len(next(iter(GROUPS.values())).split()) == 8
    assert (
        re.findall(r"^  ([a-z-]+) +\S", told.stdout.split(next(iter(GROUPS)))[1], re.MULTILINE)
        == " ".join(groups.values()).split()
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

    own = sorted((DOCS / "decisions/mine").glob("0*.md"))

    assert [fault for decision in [*DECISIONS, *own] for fault in pages.decision_faults(decision)] == []
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


def test_the_example_of_make_it_yours_is_a_view_that_the_dry_run_would_take(tmp_path: Path):
    text = (DOCS / "make-it-yours.md").read_text(encoding="utf-8")
    written = re.search(r"`(Facts\(.+?\))`", text, re.DOTALL)
    assert written is not None
    facts = eval(written[1], {"Facts": Facts})
    sql = textwrap.dedent("".join(re.findall(r"^    -- station.*?(?=^\S)", text, re.MULTILINE | re.DOTALL)))
    (tmp_path / "station.sql").write_text(sql)
    declared = [("station_lateness_24h", 24), ("station_late_share_168h", 168)]
    features = tuple(Feature(name, "an example", "unit", window_hours=hours) for name, hours in declared)
    view = replace(PROBLEM.views[0], name="station", keys=("station",), features=features)
    problem = replace(PROBLEM, sql=tmp_path, facts=(facts,), views=(view,))
    versions = "station VARCHAR, number INTEGER, flag INTEGER, known_at TIMESTAMPTZ, happened_at TIMESTAMPTZ, "

    with Engine(threads=1) as engine:
        engine.execute(f"CREATE TABLE returns_versions ({versions} replaced_at TIMESTAMPTZ)")
        engine.execute("CREATE TABLE ticks (tick_at TIMESTAMPTZ)")
        rows = engine.query(view_sql(view, problem))

    assert rows.column_names == ["station", "event_timestamp", *(name for name, _ in declared)]


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
