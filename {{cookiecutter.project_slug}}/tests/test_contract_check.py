"""Each mistake in a domain is told before any work, in a sentence that names the file, what was found and expected."""

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from domain_faults import DECLARED
from mlsystem.commands.domain_check import DomainIncomplete, check_domain
from mlsystem.contract import check
from mlsystem.contract.problem import Problem
from mlsystem.contract.tables import not_null
from mlsystem.domain import PROBLEM
from mlsystem.engine import Engine
from mlsystem.features import dry_run
from mlsystem.replay import timeline
from mlsystem.settings import ROOT
from mlsystem.source import raw
from planting import VIEW, rule
from sql_faults import RUN, SOURCE, WRITTEN, sql

SENTENCE = re.compile(r"^(problem|tables|label|question|features|costs|source)\.py: .+|^sql/\w+\.sql.+")


def told(problem: Problem) -> list[str]:
    """What check_domain would say."""
    return list(check.faults(problem)) or list(dry_run.faults(problem))


def assert_told(sentences: list[str], said: tuple[str, ...]) -> None:
    assert sentences, "nothing was said"
    for sentence in sentences:
        assert SENTENCE.match(sentence), sentence
        assert "\n" not in sentence
    assert sentences[0].startswith(said[0])
    assert [part for part in said if part not in sentences[0]] == [], sentences[0]


def test_a_domain_without_a_mistake_is_let_through():
    check_domain()

    assert told(PROBLEM) == []
    assert len(DECLARED) + len(WRITTEN) + len(RUN) >= 20


@pytest.mark.parametrize("mistake", DECLARED)
def test_a_mistake_in_the_declarations_is_told_without_running_anything(mistake: str):
    planted = DECLARED[mistake]

    assert_told(list(check.faults(planted.problem())), planted.said)


@pytest.mark.parametrize("mistake", RUN)
def test_a_mistake_that_shows_only_against_the_sql_is_told_by_its_dry_run(mistake: str):
    planted = RUN[mistake]

    assert list(check.faults(planted.problem())) == []
    assert_told(list(dry_run.faults(planted.problem())), planted.said)


@pytest.mark.parametrize("mistake", WRITTEN)
def test_a_mistake_in_the_sql_is_told_by_its_dry_run(mistake: str, tmp_path: Path):
    planted = WRITTEN[mistake]

    problem = sql(tmp_path / "sql", planted.name, planted.change)

    assert list(check.faults(problem)) == []
    assert_told(list(dry_run.faults(problem)), planted.said)


def test_a_query_that_is_not_written_yet_is_told_before_any_is_run(tmp_path: Path):
    problem = sql(tmp_path / "sql", VIEW.name, lambda text: text)
    (tmp_path / f"sql/{VIEW.name}.sql").unlink()

    assert_told(list(check.faults(problem)), (f"sql/{VIEW.name}.sql is not there", "write the query that makes it"))


def test_every_fault_of_a_kind_is_told_at_once_with_where_to_mend_it():
    problem = rule(*not_null("nowhere", "elsewhere"))()

    with pytest.raises(DomainIncomplete) as refused:
        check_domain(problem)

    first, *rest = str(refused.value).splitlines()
    assert first == "the domain in src/mlsystem/domain is not complete:"
    assert [re.search(r"no column '(\w+)'", line)[1] for line in rest] == ["nowhere", "elsewhere"]  # type: ignore[index]


def test_raw_files_that_are_not_those_declared_are_told(monkeypatch: pytest.MonkeyPatch):
    """The check does not look for them: a domain may make its own, which takes a while."""
    found = replace(PROBLEM.source, find=lambda folder, seed: {"other": folder / "other.csv"})
    monkeypatch.setattr(raw, "PROBLEM", replace(PROBLEM, source=found))

    with pytest.raises(raw.UnreadableSource, match=r"find\(\) of domain/source.py gives other; expected are the files"):
        raw.raw_files()


def test_sql_of_a_raw_file_that_cannot_run_is_told_with_its_file(monkeypatch: pytest.MonkeyPatch):
    name, one = next(iter(PROBLEM.source.files.items()))
    changed = replace(PROBLEM.source, files={**PROBLEM.source.files, name: replace(one, service_date="no_such(1)")})
    monkeypatch.setattr(raw, "PROBLEM", replace(PROBLEM, source=changed))

    with Engine() as engine, pytest.raises(raw.UnreadableSource, match=f"{name} of domain/source.py: .*no_such"):
        raw.read_raw(engine)


def test_days_on_which_nobody_asked_are_told(tmp_path: Path):
    day = PROBLEM.first_day

    with pytest.raises(timeline.NothingAsked, match=f"nobody asked anything from {day} to {day}; name other days"):
        timeline.first_asked(day, day, tmp_path)


def plant(domain: Path, file: str, text: str) -> None:
    with (domain / file).open("a", encoding="utf-8") as code:
        code.write(f"\n{text}\n")


def around(domain: Path, name: str, columns: str) -> None:
    path = domain / f"sql/{name}.sql"
    path.write_text(f"SELECT {columns} FROM (\n{path.read_text(encoding='utf-8')}\n) AS rows", encoding="utf-8")


REPLACED = "from dataclasses import replace\n\nPROBLEM = replace(PROBLEM, tables=({}, *PROBLEM.tables[1:]))"
RULED = REPLACED.format("replace(PROBLEM.tables[0], rules=(Rule('not_null', ('nowhere',), 'critical', 'x'),))")
MISTAKES = {
    "a syntax error": (
        lambda domain: plant(domain, "question.py", "def ("),
        r"the domain cannot be read, question\.py line \d+: SyntaxError: .*; mend that line",
    ),
    "an import of what is not there": (
        lambda domain: plant(domain, "features.py", "import no_such_module"),
        r"the domain cannot be read, features\.py line \d+: ModuleNotFoundError: No module named 'no_such_module'",
    ),
    "a word that is not said": (
        lambda domain: plant(domain, "problem.py", "Words()"),
        r"the domain cannot be read, problem\.py line \d+: TypeError: .*missing .* arguments",
    ),
    "a placeholder that nothing fills": (
        lambda domain: plant(domain, f"sql/{VIEW.name}.sql", "-- $nothing"),
        rf"sql/{VIEW.name}\.sql has the placeholder 'nothing'; expected are \$rolling_",
    ),
    "a column that is not declared": (
        lambda domain: around(domain, VIEW.name, "*, 1 AS surplus"),
        rf"sql/{VIEW.name}\.sql makes the column 'surplus', which features\.py does not declare",
    ),
    "a rule on a column that is not there": (
        lambda domain: plant(domain, "problem.py", f"from mlsystem.contract.tables import Rule\n{RULED}"),
        rf"sql/source_{PROBLEM.tables[0].name}\.sql makes no column 'nowhere', which is declared; it makes ",
    ),
    "a table without its moment": (
        lambda domain: around(domain, SOURCE, "* EXCLUDE (known_at)"),
        rf"sql/{SOURCE}\.sql makes no column 'known_at', which is declared; it makes ",
    ),
}


def run(project: Path, *task: str) -> tuple[subprocess.CompletedProcess, float]:
    """The command line of a project, and the seconds that its process worked."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLSYSTEM_")}
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "mlsystem", *task],
        cwd=project,
        env=environment | {"PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    after = os.times()
    return done, after.children_user + after.children_system - before.children_user - before.children_system


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The code, in a folder of its own."""
    shutil.copytree(ROOT / "src/mlsystem", tmp_path / "src/mlsystem", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "project.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_task_tells_the_mistake_in_a_sentence_and_does_nothing(project: Path, mistake: str, measured):
    make, sentence = MISTAKES[mistake]
    make(project / "src/mlsystem/domain")

    (bare, without), (done, seconds) = run(project, "--help"), run(project, "train")

    assert done.returncode == 1, done.stdout
    assert re.search(sentence, done.stderr), done.stderr
    assert "Traceback" not in done.stderr + bare.stderr
    assert not (project / "data/1_source").exists()
    measured("a mistake in the domain is told", seconds=seconds, without=without)


def test_the_whole_check_takes_a_moment(measured):
    started = time.process_time()

    check_domain()

    seconds = time.process_time() - started
    measured("the check of the domain", seconds=seconds)
    assert seconds < 5, "a tenth of a second on a quiet machine: what it does has changed"
