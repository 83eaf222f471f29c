"""No NaN, no infinity, no exponent reaches a person."""

import math

import pytest

from mlsystem import wording

STRANGE = [None, math.nan, math.inf, -math.inf, "text", [1], True]


@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_what_is_no_number_is_said_to_be_unknown(value: object):
    assert wording.number(value, "+.1%") == wording.figure(value) == wording.UNKNOWN
    assert wording.between(value, 1.0) == wording.between(1.0, value) == wording.UNKNOWN


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (10_360.4, "10,360"),
        (1.036e8, "103,600,000"),
        (0.00001234, "0.00001234"),
        (1e-15, "0"),
        (0.0, "0"),
        (-12.5, "-12.5"),
        (3, "3"),
        (0.03, "0.03"),
    ],
)
def test_a_figure_has_about_four_digits_and_never_an_exponent(value: float, shown: str):
    assert wording.figure(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1, "0.10"), (0.6, "0.60"), (15, "15"), (15.0, "15"), (185.4, "185"), (1e6, "1,000,000")]
)
def test_an_amount_keeps_its_hundredths_while_it_is_small(value: float, shown: str):
    assert wording.money(value) == shown
    assert wording.money(value, "EUR") == f"{shown} EUR"


@pytest.mark.parametrize("value", STRANGE, ids=str)
def test_an_amount_that_is_none_is_unknown(value: object):
    assert wording.money(value, "EUR") == wording.UNKNOWN


def test_plain_data_is_rounded_however_deep_and_nothing_else_of_it_changes():
    found = {"p": 0.24854717228311263, "reasons": [{"part": -1.0361234567e-7}], "degraded": False, "n": 3, "who": "A"}

    said = wording.rounded(found)

    assert said == {"p": 0.2485, "reasons": [{"part": 0.0}], "degraded": False, "n": 3, "who": "A"}
    assert said["degraded"] is False
