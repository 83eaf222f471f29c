"""The page's charts as SVG text: small enough to read on a phone, no scripts, no fonts of their own."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mlsystem import wording
from mlsystem.domain import PROBLEM

SIZE = (5.2, 3.4)  # inches; scaled to the column it stands in
CHAMPION, OTHER, GUIDE = "#0b6e4f", "#9aa5b1", "#5f6b7a"


def calibration(curves: Mapping[str, Sequence[Mapping[str, float]]], champion: str) -> str:
    """Predicted against observed share, one line per candidate; the diagonal is perfect."""
    figure, axes = _axes("predicted probability", f"share that was {PROBLEM.words.positive}")
    top = max(point["predicted"] for points in curves.values() for point in points)
    axes.plot([0, top], [0, top], color=GUIDE, linestyle=":", linewidth=1)
    for name, points in curves.items():
        style = _style(name, champion)
        axes.plot([p["predicted"] for p in points], [p["observed"] for p in points], label=name, marker=".", **style)
    axes.legend(frameon=False)
    return _svg(figure)


def money(curves: Mapping[str, Sequence[Sequence[float]]], champion: str, never: float, act_above: float) -> str:
    """Cost per 1,000 against the threshold; the dotted lines are never acting and the threshold in use."""
    figure, axes = _axes(f"{PROBLEM.words.act} above probability", PROBLEM.per_1000)
    axes.axhline(never, color=GUIDE, linestyle=":", linewidth=1)
    axes.axvline(act_above, color=GUIDE, linestyle=":", linewidth=1)
    axes.annotate(f"never {PROBLEM.words.act}", (0.98, never), ha="right", va="bottom", color=GUIDE)
    for name, points in curves.items():
        axes.plot([p[0] for p in points], [p[1] for p in points], label=name, **_style(name, champion))
    axes.set_ylim(top=never * 1.12)
    axes.legend(frameon=False, loc="lower right")
    return _svg(figure)


def bars(values: Mapping[str, float], label: str) -> str:
    """Horizontal bars, largest on top; what is not known has none."""
    figure, axes = _axes(label, "")
    names = [name for name, value in values.items() if wording.number(value) != wording.UNKNOWN][::-1]
    axes.barh(names, [values[name] for name in names], color=CHAMPION)
    axes.grid(axis="y", visible=False)
    return _svg(figure)


def months(
    policies: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]],
    measure: str,
    label: str,
    champion: str,
    marks: Sequence[str],
) -> str:
    """A measure by month, one line per policy with its intervals; a dotted line at each of `marks` (ISO dates)."""
    figure, axes = _axes("", label)
    first = date.fromisoformat(next(iter(policies[champion])) + "-01")
    for place, (name, found) in enumerate(policies.items()):
        values = [found[month][measure] for month in found]
        x = [n + (place - len(policies) // 2) * 0.12 for n in range(len(values))]
        # Of a month with a day or two the value may lie a hair outside of what other such days would give.
        ends = [[max(0, v["value"] - v["low"]) for v in values], [max(0, v["high"] - v["value"]) for v in values]]
        style = _style(name, champion) | ({"linestyle": "--"} if name == "frozen" else {})
        axes.errorbar(x, [v["value"] for v in values], ends, label=name, elinewidth=0.8, marker=".", **style)
    for mark in map(date.fromisoformat, marks):
        axes.axvline((mark.month - first.month) + (mark.day - 1) / 31 - 0.5, color=GUIDE, linestyle=":", linewidth=1)
    names = [f"{date.fromisoformat(month + '-01'):%b}" for month in policies[champion]]
    axes.set_xticks(range(len(names)), names)
    axes.legend(frameon=False)
    return _svg(figure)


def _axes(x: str, y: str) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "report"})
    figure, axes = pyplot.subplots(figsize=SIZE, layout="constrained")
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e8ec")
    axes.set_axisbelow(True)
    return figure, axes


def _style(name: str, champion: str) -> dict[str, Any]:
    if name == champion:
        return {"color": CHAMPION, "linewidth": 2.2, "zorder": 3}
    return {"color": OTHER, "linewidth": 1.4, "linestyle": "--" if name == "climatology" else "-"}


def _svg(figure: Any) -> str:
    from matplotlib import pyplot

    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    pyplot.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]
