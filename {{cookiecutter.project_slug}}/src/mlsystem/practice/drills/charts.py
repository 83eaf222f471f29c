"""The debrief's picture, as SVG text."""

from collections.abc import Mapping, Sequence

from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs.pictures import axes, svg

COLOURS = ("#9aa5b1", "#c05621", "#0b6e4f", "#2b6cb0")  # nothing, the decoy, the reference, yours
DASHES = (":", "--", "-", "-.")


def extra(lines: Mapping[str, Sequence[float]]) -> str:
    """Hours since the fault, and what the decisions cost above the right ones by then."""
    figure, drawn = axes("hours since the fault", f"{PROBLEM.costs.currency} above the right decisions")
    for (name, values), colour, dash in zip(lines.items(), COLOURS, DASHES, strict=False):
        drawn.plot(range(len(values)), values, color=colour, linestyle=dash, label=name.partition(":")[0])
    drawn.legend(frameon=False, fontsize=8)
    return svg(figure)
