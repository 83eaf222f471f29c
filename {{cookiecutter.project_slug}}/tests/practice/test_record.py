"""The record of what was practised: lines are added, and one that was changed is found."""

from pathlib import Path

import pytest

from mlsystem.practice import record


def test_what_is_added_is_read_again_by_its_kind(tmp_path: Path):
    record.add("drill", {"drill": "one"}, tmp_path)
    record.add("card", {"card": "two"}, tmp_path)

    assert [entry["drill"] for entry in record.read("drill", tmp_path)] == ["one"]
    assert [entry["kind"] for entry in record.read(folder=tmp_path)] == ["drill", "card"]


@pytest.mark.parametrize("change", ["a word", "a line taken out", "lines in another order", "half a line"])
def test_a_record_that_was_changed_is_told_with_the_line(tmp_path: Path, change: str):
    for score in (1, 2, 3):
        record.add("drill", {"score": score}, tmp_path)
    file = tmp_path / record.FILE
    one, two, three = file.read_text().splitlines()
    changed = {
        "a word": [one.replace("1", "9", 1), two, three],
        "a line taken out": [one, three],
        "lines in another order": [two, one, three],
        "half a line": [one, two[:20], three],
    }
    file.write_text("\n".join(changed[change]) + "\n")

    with pytest.raises(record.RecordChanged, match=rf"{record.FILE} line [12] "):
        record.add("drill", {"score": 4}, tmp_path)
