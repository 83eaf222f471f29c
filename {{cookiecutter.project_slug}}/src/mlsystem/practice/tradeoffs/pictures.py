"""Pareto pictures: each setting a point, and the front that no other setting beats on both axes. SVG text."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

FRONT, OTHER, GUIDE = "#0b6e4f", "#9aa5b1", "#5f6b7a"  # as the report's charts have them
MARKS = {"climatology": "^", "logistic_regression": "s", "lightgbm": "o"}
SIZE = (5.2, 3.6)  # inches; scaled to the column it stands in


def pareto(cells: Sequence[Mapping[str, Any]], x: str, y: str, front: Sequence[str], labels: tuple[str, str]) -> str:
    """Left and up is better. A bar is where money would lie nine times in ten, had other such days come."""
    figure, drawn = axes(*labels)
    for cell in cells:
        value, ends = _value(cell[y])
        on_front = cell["setting"]["name"] in front
        color = FRONT if on_front else OTHER
        drawn.errorbar(
            cell[x],
            value,
            yerr=ends,
            fmt=MARKS[cell["setting"]["model"]],
            color=color,
            elinewidth=0.7,
            zorder=2 + on_front,
        )
    line = sorted((cell[x], _value(cell[y])[0]) for cell in cells if cell["setting"]["name"] in front)
    drawn.step(*zip(*line, strict=True), where="post", color=FRONT, linewidth=1.2)
    for model, mark in MARKS.items():
        drawn.plot([], [], mark, color=OTHER, label=model.replace("_", " "))
    drawn.set_xscale("log")
    drawn.legend(frameon=False, loc="lower right", fontsize=8)
    return svg(figure)


def curve(points: Sequence[tuple[float, Mapping[str, float]]], labels: tuple[str, str], own: float) -> str:
    """A measure along one axis with its intervals, a dotted line at the champion's own setting."""
    figure, drawn = axes(*labels)
    values = [found["value"] for _, found in points]
    ends = [[max(0.0, f["value"] - f["low"]) for _, f in points], [max(0.0, f["high"] - f["value"]) for _, f in points]]
    drawn.errorbar([x for x, _ in points], values, yerr=ends, color=FRONT, marker="o", elinewidth=0.8)
    drawn.axvline(own, color=GUIDE, linestyle=":", linewidth=1)
    return svg(figure)


def _value(found: Any) -> tuple[float, list[list[float]] | None]:
    if not isinstance(found, Mapping):
        return float(found), None
    value = found["value"]
    return value, [[max(0.0, value - found["low"])], [max(0.0, found["high"] - value)]]


def axes(x: str, y: str) -> tuple[Any, Any]:
    """A figure and its axes, with their labels."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "tradeoffs"})
    figure, drawn = pyplot.subplots(figsize=SIZE, layout="constrained")
    drawn.set(xlabel=x, ylabel=y)
    drawn.spines[["top", "right"]].set_visible(False)
    drawn.grid(color="#e4e8ec")
    drawn.set_axisbelow(True)
    return figure, drawn


def svg(figure: Any) -> str:
    """As text, to stand in a page."""
    from matplotlib import pyplot

    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    pyplot.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]
