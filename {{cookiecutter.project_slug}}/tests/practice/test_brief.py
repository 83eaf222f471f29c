"""The walk-through: whole, in its time, every claim cited; and `--check` names what does not hold any more."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import browser
from mlsystem.practice import record
from mlsystem.practice.defence import brief, brief_check, questions
from mlsystem.practice.defence.brief_check import BriefBroken, NoBrief
from mlsystem.practice.defence.claims import STEPS
from mlsystem.practice.defence.figures import Sources
from mlsystem.retraining.gate import Limits
from mlsystem.settings import ROOT

OWN = "[[claim]]\nid = 'mine'\nstep = 'next'\nminutes = 10\ntopic = 'Mine'\nsay = '{say}'\n"
CONDITIONAL = {
    "truth",
    "loop-worth",
    "loop-null",
    "reasons",
    "censoring",
    "slices",
    "candidates",
    "known-wrong",
    "limits-of-use",
}
Change = Callable[[Callable[[dict], None]], Sources]


def broken(sources: Sources) -> str:
    with pytest.raises(BriefBroken) as told:
        brief_check.check(sources)
    return str(told.value)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_every_claim_of_this_project_holds_and_none_is_without_a_citation(sources: Sources):
    found, faults = brief.build(sources)

    assert faults == []
    assert all(brief.cited(one) for one in found["claims"] if one["is_measured"])
    assert len([one for one in found["claims"] if one["is_measured"]]) > 50


def test_every_walk_goes_all_its_steps_and_keeps_to_its_minutes(sources: Sources):
    found, _ = brief.build(sources)

    for minutes in (2, 10, 45):
        walk = brief.walk(found, minutes)
        assert [step for step in STEPS if not walk[step]] == []
        assert brief.spoken(walk) <= 1.1 * minutes * brief.WORDS_A_MINUTE, "a problem's own words are longer or shorter"


def test_before_any_run_it_says_what_to_run_and_has_no_figure_of_one(sources: Sources):
    (sources.settings.reports_dir / "run.json").unlink()

    page, faults = brief.write_brief(sources)

    assert faults == []
    assert "Not measured yet: <code>make demo</code>." in page.read_text()
    assert "run.json" not in page.read_text()


def test_what_was_written_holds_and_a_moved_line_is_no_fault(sources: Sources):
    brief.write_brief(sources)

    held, waiting = brief_check.check(sources)

    assert held > 50
    assert waiting >= 1


def test_a_number_that_the_run_no_longer_has_is_named_with_both(sources: Sources, change_run: Change):
    brief.write_brief(sources)
    before = sources.document("run")["serving"]["requests"]

    changed = change_run(lambda run: run["serving"].update(requests=before + 1))

    said = broken(changed)
    assert f"claim 'serving' says {before:,} by reports/run.json serving.requests, which is {before + 1:,} now" in said


def test_a_threshold_that_was_changed_is_named(sources: Sources, monkeypatch: pytest.MonkeyPatch):
    brief.write_brief(sources)

    monkeypatch.setattr(Limits, "most_latency_ms", 3.0)

    assert "claim 'gate' says 2.0 by src/mlsystem/retraining/gate.py" in broken(sources)


def test_a_run_that_is_gone_is_named(sources: Sources):
    brief.write_brief(sources)
    (sources.settings.reports_dir / "run.json").unlink()

    said = broken(Sources(sources.settings, sources.root, sources.record_folder))

    assert "claim 'worth' rests on a run that is gone: Not measured yet: `make demo`." in said


@pytest.mark.parametrize("name", ["brief.md", "brief.html"])
def test_a_number_changed_by_hand_on_a_page_is_named_with_its_line(sources: Sources, name: str):
    brief.write_brief(sources)
    auc = f"{sources.document('run')['models'][sources.document('run')['champion']]['auc']:.3f}"

    replace(sources.settings.reports_dir / name, f"AUC is {auc}", "AUC is 0.999")

    assert f"{name}:" in broken(sources)
    assert "AUC is 0.999" in broken(sources)


@pytest.mark.parametrize(
    ("say", "cite", "said"),
    [
        ("It is good.", "", "claim 'mine' cites nothing"),
        ("It is 99 % good.", "cite = ['README.md#The map']\n", "claim 'mine' has the number 99 typed by hand"),
        ("It is good.", "cite = ['src/mlsystem/gone.py#good']\n", "there is no file src/mlsystem/gone.py"),
        ("It is good.", "cite = ['README.md#The map']\n", "claim 'mine' is not in the brief yet"),
    ],
)
def test_a_claim_of_ones_own_is_held_to_the_same(sources: Sources, say: str, cite: str, said: str):
    brief.write_brief(sources)
    sources.record_folder.mkdir()

    (sources.record_folder / "claims.toml").write_text(OWN.format(say=say) + cite)

    assert said in broken(sources)


def test_a_decision_that_says_otherwise_now_is_named(sources: Sources, monkeypatch: pytest.MonkeyPatch):
    brief.write_brief(sources)
    others = [one for one in brief._decisions(ROOT) if one.number != 8]

    monkeypatch.setattr(brief, "_decisions", lambda root: others)

    assert "the decisions are not what they were: docs/decisions/0009" in broken(sources)


def test_without_a_brief_it_says_what_to_run(sources: Sources):
    with pytest.raises(NoBrief, match="`make brief` writes it"):
        brief_check.check(sources)


def test_the_questions_have_six_depths_and_each_is_answered_or_says_what_is_missing(sources: Sources):
    found, _ = brief.build(sources)
    known = {one["id"] for one in found["claims"]}

    asked = questions.load()

    assert {one.depth for one in asked} == set(questions.DEPTHS)
    assert min(Counter(one.depth for one in asked).values()) >= 6
    assert [one.id for one in asked if set(one.claims) - known - CONDITIONAL] == []
    assert all(one["claims"] or one["open"] or one["more"] or one["without"] for one in found["questions"])
    assert len([one for one in asked if one.asked]) > 35, "of the questions that were collected"


def test_a_question_counts_what_is_on_record_for_it(sources: Sources):
    (drilled,) = [one for one in questions.load() if one.id == "incident"]
    record.add("drill", {"drill": "one"}, sources.record_folder)

    assert questions.answer(drilled, {}, sources)["more"] == ["on record: 1"]


@pytest.mark.slow
@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_page_fits_its_screen(sources: Sources, tmp_path: Path, width: int):
    page, _ = brief.write_brief(sources)

    assert browser.show(page, width, tmp_path).faults(width) == []


def test_what_a_run_does_not_have_at_all_is_no_claim_and_no_fault(sources: Sources, change_run: Change):
    """A champion without reasons, a problem in which each question gets its label."""
    changed = change_run(lambda run: run.update(reasons={}, unlabelled=run["unlabelled"] | {"rows": 0}))

    found, faults = brief.build(changed)

    assert faults == []
    assert not {"reasons", "censoring"} & {one["id"] for one in found["claims"]}
