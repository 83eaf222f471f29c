"""Arithmetic done again from its text."""

import math
import re

import pytest

from mlsystem.practice.capacity.arithmetic import Line


def again(line: Line) -> float:
    """The line done again from its text, as on paper."""
    text = line.told.replace("×", "*").replace("÷", "/").replace("most(", "max(").replace("up(", "math.ceil(")
    text = re.sub(r"(\d),(?=\d{3})", r"\1", text)
    return float(eval(text, {"math": math, "max": max}))


def wrong(lines: list[Line]) -> list[str]:
    """Those whose text does not come to their value, to the four digits that a sheet keeps."""
    return [str(line) for line in lines if not line.is_given and again(line) != pytest.approx(line.value, rel=1e-3)]
