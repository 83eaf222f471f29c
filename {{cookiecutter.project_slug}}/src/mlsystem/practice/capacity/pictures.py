"""The pictures of the two pages, as SVG text without scripts or fonts of their own."""

import io
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

SIZE = (5.2, 3.4)  # inches
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)  # milliseconds
MODEL, MEASURED, GUIDE = "#0b6e4f", "#b3541e", "#5f6b7a"


def latency(points: Sequence[dict[str, float]], loads: Sequence[dict[str, float]], p99_ms: float) -> str:
    """p50 and p99 over the load, by the model; what was measured, with its turns' range; the p99 that was asked for."""
    figure, axes = _axes("share of the saturation", "milliseconds until the answer")
    shares = [one["load"] for one in points]
    axes.plot(shares, [one["p99_ms"] for one in points], color=MODEL, linewidth=2.2, label="p99, model")
    axes.plot(shares, [one["p50_ms"] for one in points], color=MODEL, linewidth=1.2, linestyle="--", label="p50, model")
    if loads:
        x, p99 = [one["load"] for one in loads], [one["measured_ms"] for one in loads]
        below = [one["measured_ms"] - one["measured_low_ms"] for one in loads]
        above = [one["measured_high_ms"] - one["measured_ms"] for one in loads]
        axes.errorbar(x, p99, [below, above], fmt="o", color=MEASURED, capsize=3, label="p99, measured")
        axes.plot(x, [one["p50_ms"] for one in loads], "s", color=MEASURED, markersize=4, label="p50, measured")
    axes.axhline(p99_ms, color=GUIDE, linestyle=":", linewidth=1)
    axes.annotate("asked for", (0.4, p99_ms), va="bottom", color=GUIDE)
    axes.set(xlim=(0, 1), yscale="log")
    axes.set_yticks([one for one in TICKS if axes.get_ylim()[0] <= one <= axes.get_ylim()[1]])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    axes.legend(frameon=False, loc="upper left")
    return _svg(figure)


def power(
    curves: Mapping[str, Sequence[Mapping[str, float]]],
    weeks: str,
    unit: str,
    planted: float | None,
    seen: Mapping[str, float] | None,
) -> str:
    """Power over the effect, a line for each duration, that which is planned thick; what was seen with it planted."""
    figure, axes = _axes(f"effect, {unit}", "share of tests that find it")
    dashes = cycle(("-", "--", ":"))
    for name, points in curves.items():
        style = {"color": MODEL, "linewidth": 2.2} if name == weeks else {"color": GUIDE, "linestyle": next(dashes)}
        x, y = [one["effect"] for one in points], [one["power"] for one in points]
        axes.plot(x, y, label=f"{name} weeks", **style)
    if seen is not None and planted is not None:
        ends = [[seen["share"] - seen["low"]], [seen["high"] - seen["share"]]]
        axes.errorbar(
            [planted], [seen["share"]], ends, fmt="o", color=MEASURED, capsize=3, label="seen, effect planted"
        )
    axes.legend(frameon=False, loc="lower right")
    axes.axhline(0.8, color=GUIDE, linestyle=":", linewidth=1)
    axes.set(ylim=(0, 1.02), xlim=(0, None))
    return _svg(figure)


def _axes(x: str, y: str) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "capacity"})
    figure, axes = pyplot.subplots(figsize=SIZE, layout="constrained")
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e8ec")
    axes.set_axisbelow(True)
    return figure, axes


def _svg(figure: Any) -> str:
    from matplotlib import pyplot

    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    pyplot.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]
