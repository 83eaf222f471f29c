"""The form of a post-mortem: its time line is the record's, and what is changed or not written is told."""

from pathlib import Path

import pytest

from mlsystem.practice import record
from mlsystem.practice.drills import drill, post_mortem

NAME = drill.names()[0]
TRIES = [
    {"at": "2026-03-01T10:05:00+00:00", "rung": "where", "said": "the feed", "right": False},
    {"at": "2026-03-01T10:09:30+00:00", "rung": "why", "said": "another unit", "right": True},
]
FACTS = {"drill": NAME, "seed": 7, "started": "2026-03-01T10:00:00+00:00", "tries": TRIES, "money": {"yours": 1_234}}


@pytest.fixture
def practice(tmp_path: Path) -> Path:
    record.add("drill", FACTS, tmp_path)
    return tmp_path


def test_the_form_has_the_records_time_line_and_says_what_is_yours_to_write(practice: Path):
    path = post_mortem.write(practice)

    text = path.read_text()
    assert path.name == f"2026-03-01-{NAME}-7.md"
    assert (
        "| 2026-03-01 10:05:00 | where: the feed (not right) |\n| 2026-03-01 10:09:30 | why: another unit (right) |"
        in text
    )
    assert text.count(post_mortem.TO_WRITE) == len(post_mortem.PARTS)
    assert post_mortem.check(practice) == [f"{path.name}: {len(post_mortem.PARTS)} parts are yours to write yet"]


def test_what_is_written_is_kept_and_a_time_line_that_was_improved_is_told(practice: Path):
    path = post_mortem.write(practice)
    path.write_text(path.read_text().replace(post_mortem.TO_WRITE, "This.").replace("10:09:30", "10:01:30"))

    assert post_mortem.check(practice) == [
        f"{path.name}: the record has no line | 2026-03-01 10:01:30 | why: another unit (right) |",
        f"{path.name}: the line | 2026-03-01 10:09:30 | why: another unit (right) | of the record is missing",
    ]
    with pytest.raises(post_mortem.PostMortem, match="is there already"):
        post_mortem.write(practice)
    assert "This." in path.read_text()


def test_a_time_line_as_it_was_and_all_parts_written_is_what_the_record_says(practice: Path):
    path = post_mortem.write(practice)
    path.write_text(path.read_text().replace(post_mortem.TO_WRITE, "This."))

    assert post_mortem.check(practice) == []


def test_without_a_drill_there_is_no_form(tmp_path: Path):
    with pytest.raises(post_mortem.PostMortem, match="no drill is on record"):
        post_mortem.write(tmp_path)
