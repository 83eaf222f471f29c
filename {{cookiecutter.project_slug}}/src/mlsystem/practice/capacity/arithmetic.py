"""A sheet of arithmetic that a reader can do again on paper: each line's formula with the numbers that went into it.

Every value is rounded to four digits when it enters the sheet, and the next line goes on with the rounded one: so what
is shown is what was computed, and tests do each line again from its text.
"""

import ast
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mlsystem import wording

DIGITS = 4
FUNCTIONS: dict[str, Callable[..., float]] = {"up": math.ceil, "most": max}  # rounded up; the larger
SIGNS = {" * ": " × ", " / ": " ÷ "}


@dataclass(frozen=True)
class Line:
    """`told` is the formula with its numbers, or where a given value is from."""

    name: str
    meaning: str
    value: float
    unit: str
    told: str
    is_given: bool

    def __str__(self) -> str:
        shown = f"{wording.figure(self.value)} {self.unit}".strip()
        return f"{self.meaning}: {shown} ({self.told})" if self.is_given else f"{self.meaning}: {self.told} = {shown}"


@dataclass
class Sheet:
    """Lines in the order in which they were written; headings between them."""

    lines: dict[str, Line] = field(default_factory=dict)
    headings: dict[str, str] = field(default_factory=dict)  # by the name of the line that follows
    _heading: str = ""

    def head(self, title: str) -> None:
        self._heading = title

    def given(self, name: str, value: float, unit: str, meaning: str, source: str) -> float:
        """Write down what was measured or declared."""
        return self._add(Line(name, meaning, _rounded(value), unit, source, True))

    def line(self, name: str, formula: str, unit: str, meaning: str) -> float:
        """Write down what follows from the lines before, by their names."""
        values = {name: line.value for name, line in self.lines.items()}
        value = eval(compile(ast.parse(formula, mode="eval"), name, "eval"), {"__builtins__": {}, **FUNCTIONS}, values)
        return self._add(Line(name, meaning, _rounded(value), unit, self._told(formula), False))

    def __getitem__(self, name: str) -> float:
        return self.lines[name].value

    def parts(self) -> Iterator[tuple[str, list[Line]]]:
        """The lines under their headings."""
        part: list[Line] = []
        title = ""
        for name, line in self.lines.items():
            if name in self.headings:
                if part:
                    yield title, part
                title, part = self.headings[name], []
            part.append(line)
        yield title, part

    def _add(self, line: Line) -> float:
        if self._heading:
            self.headings[line.name], self._heading = self._heading, ""
        self.lines[line.name] = line
        return line.value

    def _told(self, formula: str) -> str:
        told = re.sub(
            r"[a-z_]\w*",
            lambda found: wording.figure(self.lines[found[0]].value) if found[0] in self.lines else found[0],
            formula,
        )
        for sign, shown in SIGNS.items():
            told = told.replace(sign, shown)
        return re.sub(r"(?<![\d.,])\d{4,}(?![\d.,])", lambda found: f"{int(found[0]):,}", told)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}") if value else 0.0
