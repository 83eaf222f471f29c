"""The sheet of arithmetic: what is shown is what was computed."""

import pytest
from capacity_paper import wrong

from mlsystem.practice.capacity.arithmetic import Line, Sheet


def test_a_line_shows_the_numbers_that_went_into_it():
    sheet = Sheet()
    sheet.given("rps", 12_345.678, "a second", "the peak", "asked for")
    sheet.given("ms", 0.0123456, "ms", "a question", "measured")

    sheet.line("cores", "up(rps * ms / 1000)", "cores", "cores that are busy")

    assert str(sheet.lines["cores"]) == "cores that are busy: up(12,350 × 0.01235 ÷ 1,000) = 1 cores"
    assert wrong(list(sheet.lines.values())) == []


def test_a_line_that_was_computed_from_other_numbers_than_it_shows_is_found():
    line = Line("cores", "cores", 20.0, "cores", "10,000 × 1.652 ÷ 1,000", is_given=False)

    assert wrong([line]) == [str(line)]


def test_a_line_cannot_use_what_was_not_written_down():
    with pytest.raises(NameError, match="rps"):
        Sheet().line("cores", "rps / 100", "cores", "cores")
