"""The evidence says what was run, decided and practised, and `--verify` names whatever is not what it says."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import browser
from mlsystem.practice import record
from mlsystem.practice.defence import evidence_pack, stories
from mlsystem.practice.defence.evidence_pack import EvidenceDiffers, NoEvidence
from mlsystem.practice.defence.figures import Sources
from mlsystem.practice.record import RecordChanged

RUNGS = {"detected": 3.5, "localised": 9.0, "explained": False, "mitigated": 21.0}
DRILL = {"drill": "silent_feed", "seed": 7, "rungs": RUNGS, "minutes": 21.0, "points": 60, "money": {"yours": 1_234}}
Change = Callable[[Callable[[dict], None]], Sources]


@pytest.fixture
def practised(sources: Sources) -> Sources:
    """With a drill, a card, a rehearsed answer and a post-mortem."""
    record.add("drill", DRILL, sources.record_folder)
    record.add("card dealt", {"card": "half the budget", "terms": {"x": 1}}, sources.record_folder)
    rehearsed = {"session": 1, "question": "psi", "step": "monitoring", "depth": 3, "seconds": 41.0, "allowed": 90}
    record.add("rehearsal", rehearsed | {"answer": "not shown", "grades": {"model": 2}}, sources.record_folder)
    folder = sources.record_folder / stories.POST_MORTEMS
    folder.mkdir()
    (folder / "silent_feed.md").write_text("# A feed\n\n## What I learned\nLook at\nsources first.\n\n## After\nx\n")
    return sources


def told(sources: Sources) -> str:
    with pytest.raises(EvidenceDiffers) as differs:
        evidence_pack.verify(sources)
    return str(differs.value)


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_what_was_written_is_verified_also_after_more_was_practised(practised: Sources):
    evidence_pack.write_evidence(practised)
    record.add("drill", DRILL, practised.record_folder)

    assert evidence_pack.verify(practised) == len(evidence_pack.read(practised)["files"]) >= 4


def test_a_drill_is_a_story_whose_learning_is_the_authors_own(practised: Sources):
    page = evidence_pack.write_evidence(practised).read_text()

    (story,) = evidence_pack.read(practised)["stories"]
    assert story["action"] == (
        "Reached: detected after 3.5 min, localised after 9.0 min, mitigated after 21.0 min. Not reached: explained."
    )
    assert story["result"].startswith("21.0 minutes; 60 points; yours: 1,234 ")
    assert story["learning"] == "Look at sources first."
    assert "Look at sources first." in page
    assert "not shown" not in page, "an answer is the author's, and stays in the record"


def test_a_story_without_a_post_mortem_says_where_it_is_to_be_written(practised: Sources):
    (practised.record_folder / stories.POST_MORTEMS / "silent_feed.md").unlink()

    page = evidence_pack.write_evidence(practised).read_text()

    assert "practice/post-mortems/silent_feed.md" in page
    assert "Not written yet" in page


def test_a_drill_of_which_little_is_on_record_says_so(tmp_path: Path):
    (story,) = stories.stories([{"drill": "x", "at": "2026-01-01"}], tmp_path, tmp_path)

    assert (story.action, story.result) == ("No rung is on record.", "No result is on record.")


def test_rungs_that_are_instants_are_told_in_minutes_from_the_start_and_points_by_rung(tmp_path: Path):
    entry = {
        "drill": "x",
        "at": "2026-01-01T10:30:00+00:00",
        "started": "2026-01-01T10:00:00+00:00",
        "rungs": {"detected": "2026-01-01T10:04:30+00:00", "localised": None},
        "points": {"detected": 20, "hints": -5},
    }

    (story,) = stories.stories([entry], tmp_path, tmp_path)

    assert story.action == "Reached: detected after 4.5 min. Not reached: localised, explained, mitigated."
    assert story.result == "15 points (detected 20, hints -5)."


def test_what_on_call_saw_is_the_first_paragraph_of_the_drills_page(tmp_path: Path):
    page = tmp_path / stories.PAGE.format(drill="x")
    page.parent.mkdir(parents=True)
    page.write_text("# Title\n\nAn alert\nfires.\n\nMore.\n")

    (story,) = stories.stories([{"drill": "x", "at": "2026-01-01", "seed": 3}], tmp_path, tmp_path)

    assert story.situation == "2026-01-01, a drill on a copy of the running system, seed 3. An alert fires."


def test_a_file_that_changed_and_the_figure_that_changed_with_it_are_named(practised: Sources, change_run: Change):
    evidence_pack.write_evidence(practised)

    changed = change_run(lambda run: run["serving"].update(errors=1))

    said = told(changed)
    assert "reports/run.json has changed" in said
    assert "with 0 errors in" in said
    assert "with 1 errors in" in said


def test_a_file_that_is_gone_is_named(practised: Sources):
    evidence_pack.write_evidence(practised)
    (practised.record_folder / stories.POST_MORTEMS / "silent_feed.md").unlink()

    assert "practice/post-mortems/silent_feed.md is gone" in told(practised)


def test_a_page_and_a_file_that_were_changed_by_hand_are_named(practised: Sources):
    page = evidence_pack.write_evidence(practised)
    replaced(page, "60 points", "99 points")
    assert "evidence.html is not the page" in told(practised)

    replaced(page.with_suffix(".json"), "60 points", "99 points")
    assert "stories.0.result: the evidence says '21.0 minutes; 99 points" in told(practised)


def test_a_record_that_was_changed_breaks_its_chain_and_one_written_anew_is_another(practised: Sources):
    evidence_pack.write_evidence(practised)
    replaced(practised.record_folder / record.FILE, '"points": 60', '"points": 99')
    with pytest.raises(RecordChanged, match="line 2 does not follow"):
        evidence_pack.verify(practised)

    (practised.record_folder / record.FILE).unlink()
    for points in (99, 98, 97):
        record.add("drill", DRILL | {"points": points}, practised.record_folder)
    assert "the first 3 lines of practice/record.jsonl are not those" in told(practised)


def test_a_record_that_was_cut_short_is_named(practised: Sources):
    evidence_pack.write_evidence(practised)
    path = practised.record_folder / record.FILE
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))

    assert "the first 3 lines of practice/record.jsonl are not those" in told(practised)


def test_two_seeds_give_two_packs(practised: Sources, tmp_path: Path):
    (tmp_path / "root/docs/decisions/mine").mkdir(parents=True)
    packs = []
    for seed in (1, 2):
        (tmp_path / "root/project.toml").write_text(f'[project]\nname = "Mine"\nseed = "{seed}"\n')
        own = replace(practised, root=tmp_path / "root", record_folder=tmp_path / f"practice{seed}")
        record.add("drill", DRILL | {"seed": seed}, own.record_folder)
        packs.append(evidence_pack.build(own, record.read(folder=own.record_folder)))

    one, other = packs
    assert [pack["project"]["seed"] for pack in packs] == [1, 2]
    assert one["files"]["project.toml"] != other["files"]["project.toml"]
    assert one["record"]["head"] != other["record"]["head"]
    assert one["stories"] != other["stories"]


def test_without_a_pack_it_says_what_to_run(sources: Sources):
    with pytest.raises(NoEvidence, match="`make evidence` writes it"):
        evidence_pack.verify(sources)


def test_before_any_run_and_drill_the_page_says_what_to_do_and_is_verified(sources: Sources):
    (sources.settings.reports_dir / "run.json").unlink()

    page = evidence_pack.write_evidence(sources).read_text()

    assert "not measured yet: <code>make demo</code>" in page
    assert "No drill is on record." in page
    assert "run.json" not in json.dumps(evidence_pack.read(sources)["files"])
    assert evidence_pack.verify(sources) > 0


@pytest.mark.slow
@pytest.mark.parametrize("width", browser.WIDTHS)
def test_the_page_fits_its_screen(practised: Sources, tmp_path: Path, width: int):
    page = evidence_pack.write_evidence(practised)

    assert browser.show(page, width, tmp_path).faults(width) == []
