"""A claim holds what it cites: a moved line is found again, a gone one is named, and no figure is typed or invented."""

from pathlib import Path

import pytest

from mlsystem.domain import PROBLEM
from mlsystem.practice import record
from mlsystem.practice.defence.citations import CitationGone, locate
from mlsystem.practice.defence.claims import ClaimsUnreadable, Template, faults_of, fill, load, read
from mlsystem.practice.defence.figures import NoSuchFigure, Sources, remedy
from mlsystem.settings import ROOT, Settings

CODE = "LIMIT = 3\n\n\nclass Gate:\n    most: float = 2.0\n\n    def judge(self):\n        pass\n"


@pytest.fixture
def empty(tmp_path: Path) -> Sources:
    """No run has been made, and nothing practised."""
    return Sources(Settings(data_dir=tmp_path / "data", reports_dir=tmp_path / "reports"), ROOT, tmp_path)


def claim(say: str, *cite: str) -> Template:
    return Template("one", "model", 2, "A topic", say, cite)


@pytest.mark.parametrize(
    ("citation", "line"),
    [("a.py#LIMIT", 1), ("a.py#Gate", 4), ("a.py#Gate.most", 5), ("a.py#Gate.judge", 7), ("page.md#Context", 3)],
)
def test_a_citation_is_found_and_found_again_where_it_moved_to(tmp_path: Path, citation: str, line: int):
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "page.md").write_text("# Title\n\n## Context\n")

    before = locate(citation, tmp_path).line
    for path in tmp_path.iterdir():
        path.write_text("\n\n" + path.read_text())

    assert (before, locate(citation, tmp_path).line) == (line, line + 2)


@pytest.mark.parametrize(
    ("citation", "said"),
    [
        ("a.py#LIMITS", "has no name 'LIMITS' any more"),
        ("a.py#Gate.most_of", "has no name"),
        ("a.py#", "has no name ''"),
        ("b.py#LIMIT", "there is no file b.py"),
        ("a.py::test_gone", "has no test 'test_gone' any more"),
        ("page.md#Context", "has no line with the text 'Context' any more"),
    ],
)
def test_what_is_gone_is_named_and_a_comment_about_it_is_not_taken_for_it(tmp_path: Path, citation: str, said: str):
    (tmp_path / "a.py").write_text(f"# LIMITS and test_gone were here\n{CODE}")
    (tmp_path / "page.md").write_text("# Title\n")

    with pytest.raises(CitationGone, match=said):
        locate(citation, tmp_path)


def test_a_figure_of_the_code_and_a_setting_say_their_line_and_words_of_the_problem_are_no_evidence(empty: Sources):
    said = "{code:mlsystem.retraining.gate:Limits.most_latency_ms|.1f} ms, {settings:workers|,} workers, "

    found = fill(claim(said + "{problem:words.questions|text}"), empty)

    assert found.sentence == f"2.0 ms, {empty.settings.workers} workers, {PROBLEM.words.questions}"
    assert [place.split(":")[0] for place, _ in found.figures] == [
        "src/mlsystem/retraining/gate.py",
        "src/mlsystem/settings.py",
    ]


@pytest.mark.parametrize("say", ["{code:mlsystem.retraining.gate:Limits.gone|.1f}", "{settings:gone|,}"])
def test_a_constant_that_is_gone_is_named(empty: Sources, say: str):
    with pytest.raises(CitationGone, match="gone"):
        fill(claim(say), empty)


def test_what_no_run_has_measured_is_said_with_its_task_and_never_guessed(empty: Sources):
    found = fill(claim("It saves {run:models.best.saved|money} of all."), empty)

    assert not found.is_measured
    assert found.sentence == "Not measured yet: `make demo`."
    assert found.figures == ()


def test_a_task_that_this_project_does_not_have_is_not_told_to_be_run():
    assert remedy("demo") == "not measured yet: `make demo`"
    assert "generated without the task `flying`" in remedy("flying")


def test_a_figure_of_a_run_takes_the_champion_counts_and_subtracts(sources: Sources):
    say = "{run:champion|text} {run:models.#|,} {run:never_act_cost_per_1000 - models.$champion.cost_per_1000|,.3f}"
    run = sources.document("run")
    saved = run["never_act_cost_per_1000"] - run["models"][run["champion"]]["cost_per_1000"]

    found = fill(claim(say), sources)

    assert found.sentence == f"{run['champion']} {len(run['models'])} {saved:,.3f}"
    assert f"models.{run['champion']}.cost_per_1000" in found.figures[2][0], "a reader can look it up"


def test_a_figure_that_its_run_does_not_have_is_named(sources: Sources):
    with pytest.raises(NoSuchFigure, match=r"run\.json has no 'models.best.auc'"):
        fill(claim("{run:models.best.auc|.3f}"), sources)


def test_a_figure_of_the_record_counts_its_entries(empty: Sources):
    record.add("drill", {"drill": "one"}, empty.record_folder)

    assert fill(claim("{record:drill|,} and {record:card|,}"), empty).sentence == "1 and 0"


@pytest.mark.parametrize(
    ("say", "cite", "faults"),
    [
        ("It is good.", (), ["cites nothing"]),
        ("{problem:words.questions|text} are many.", (), ["cites nothing"]),
        ("It is good.", ("a.py#LIMIT",), []),
        ("AUC .757, no: 0.757.", ("a.py#LIMIT",), ["the number .757", "the number 0.757"]),
        ("The p99 is {run:serving.p99_ms|.1f} ms.", (), []),
    ],
)
def test_a_claim_without_a_citation_and_a_number_typed_by_hand_are_faults(say: str, cite: tuple, faults: list[str]):
    found = list(faults_of(claim(say, *cite)))

    assert len(found) == len(faults)
    assert all(fault in one for fault, one in zip(faults, found, strict=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[claim]\n", "is no TOML"),
        ("[[claim]]\nid = 'a'\n", "has another form"),
        ("[[claim]]\nid = 'a'\nstep = 'moon'\nminutes = 2\ntopic = ''\nsay = ''\n", "steps are frame"),
    ],
)
def test_a_file_of_claims_in_another_form_is_told(tmp_path: Path, text: str, said: str):
    (tmp_path / "claims.toml").write_text(text)

    with pytest.raises(ClaimsUnreadable, match=said):
        read(tmp_path / "claims.toml")


def test_the_authors_own_claims_come_after_the_projects(tmp_path: Path):
    (tmp_path / "claims.toml").write_text(
        "[[claim]]\nid = 'mine'\nstep = 'next'\nminutes = 10\ntopic = 'Mine'\nsay = 'So.'\n"
    )

    assert [one.id for one in load(tmp_path)][-1] == "mine"
    assert len(load(tmp_path)) == len(load(tmp_path / "nowhere")) + 1
