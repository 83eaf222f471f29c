"""A rehearsal asks what the seed draws, keeps each answer beside its evidence, and is graded by whoever answered."""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from mlsystem.practice import record
from mlsystem.practice.defence import questions, rehearsal
from mlsystem.practice.defence.figures import Sources
from mlsystem.practice.defence.rehearsal import KIND, Console, draw, rehearse
from mlsystem.progress import asking, never_silent
from mlsystem.settings import ROOT, Settings, child_environment


class Person:
    """Says these lines one after the other, then nothing more."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines, self.heard = list(lines), list[str]()

    @property
    def console(self) -> Console:
        return Console(tell=self.heard.append, hear=self.hear)

    def hear(self, asked: str) -> str | None:
        self.heard.append(asked)
        return self.lines.pop(0) if self.lines else None


def ids(seed: int, session: int = 1, count: int = 5, depth: int | None = None) -> list[str]:
    return [one.id for one in draw(questions.load(), seed, session, count, depth)]


def test_a_seed_draws_the_same_questions_again_another_seed_or_session_draws_others():
    assert ids(1) == ids(1)
    assert ids(1) != ids(2)
    assert ids(1) != ids(1, session=2)


def test_questions_come_the_shallow_first_and_of_one_depth_if_that_is_asked_for():
    depths = {one.id: one.depth for one in questions.load()}

    assert [depths[one] for one in ids(1, count=9)] == sorted(depths[one] for one in ids(1, count=9))
    assert {depths[one] for one in ids(1, depth=5)} == {5}
    assert len(ids(1, count=1_000)) == len(depths), "no more than there are"


def test_an_answer_is_kept_with_its_time_its_evidence_and_ones_own_grades(sources: Sources):
    person = Person(["a user", "and a cost", "", "2", "1"])

    kept = rehearse(sources, seed=1, count=1, depth=1, console=person.console)

    assert kept == record.read(KIND, sources.record_folder)
    (one,) = kept
    assert one["answer"] == "a user\nand a cost"
    assert sorted(one["grades"].values()) == [1, 2]
    assert one["grades"].keys() == {rehearsal.AXES[one["step"]], "communication"}
    assert one["evidence"]
    assert 0 <= one["seconds"] < one["allowed"]
    shown = next(place for place, said in enumerate(person.heard) if said == "  What this project can show:")
    assert person.heard.index("  > ") < shown, "first the answer, then the evidence"


def test_a_deep_answer_is_also_counted_on_the_staff_axes_and_a_grade_is_asked_for_until_it_is_one(sources: Sources):
    person = Person(["x", "", "very good", "7", "3", "2", "4"])

    (one,) = rehearse(sources, seed=1, count=1, depth=6, console=person.console)

    assert one["grades"]["staff axes"] == 4
    assert person.heard.count("  a whole number from 0 to 3, please") == 2


def test_two_sessions_have_numbers_of_their_own_and_the_end_of_input_ends_one(sources: Sources):
    first = rehearse(sources, 1, 3, 1, Person(["x", "", "1", "1"]).console)
    second = rehearse(sources, 1, 3, 1, Person(["y", ""]).console)
    third = rehearse(sources, 1, 3, 1, Person([]).console)

    assert [len(one) for one in (first, second, third)] == [1, 1, 0]
    assert [one["session"] for one in record.read(KIND, sources.record_folder)] == [1, 2]
    assert second[0]["grades"] is None, "an answer that was given is kept, though nobody graded it"


@pytest.mark.parametrize(("seconds", "rings"), [(0.05, 1), (60.0, 0)])
def test_the_bell_rings_when_the_time_is_over_and_only_then(
    sources: Sources, monkeypatch: pytest.MonkeyPatch, seconds: float, rings: int
):
    monkeypatch.setitem(rehearsal.SECONDS, 1, seconds)
    person = Person(["x", "", "1", "1"])
    slow = Console(person.console.tell, lambda asked: time.sleep(0.1) or person.hear(asked))

    rehearse(sources, 1, 1, 1, slow)

    assert len([said for said in person.heard if said.startswith("\a")]) == rings


def test_no_question_of_the_bank_is_without_an_axis_a_time_and_a_place_in_the_steps():
    for one in questions.load():
        assert rehearsal.AXES[one.step] in rehearsal.RUBRIC
        assert rehearsal.SECONDS[one.depth] > 0


def test_while_a_person_thinks_nothing_is_said_over_what_they_type(capsys: pytest.CaptureFixture[str]):
    with never_silent("thinking", seconds=0.05):
        with asking():
            time.sleep(0.3)
            assert capsys.readouterr().out == ""
        time.sleep(0.3)

    assert "still, after" in capsys.readouterr().out


@pytest.mark.slow
def test_the_command_asks_keeps_and_says_where(tmp_path: Path):
    """On a record of its own: the project is a copy, for the record lies in its folder."""
    shutil.copytree(ROOT / "src", tmp_path / "src")
    for name in ("docs", "tests", "ops", "benchmarks", "README.md", "project.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = child_environment(Settings(data_dir=tmp_path / "data", reports_dir=tmp_path / "reports"))
    command = [sys.executable, "-m", "mlsystem", "brief", "--rehearse", "--questions", "1", "--depth", "1"]

    said = subprocess.run(
        command,
        env=environment | {"PYTHONPATH": str(tmp_path / "src")},
        input="my answer\n\n2\n3\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    (kept,) = record.read(KIND, tmp_path / "practice")
    assert (kept["answer"], sorted(kept["grades"].values())) == ("my answer", [2, 3])
    assert "kept 1 answers in practice/record.jsonl" in said
    assert "still, after" not in said.split("depth 1")[1].split("What this project can show")[0]
