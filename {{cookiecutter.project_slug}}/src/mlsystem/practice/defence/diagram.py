"""README.md's diagram as an inline SVG, which is there offline: boxes in rows from above, an arrow for each way."""

import re
from dataclasses import dataclass
from pathlib import Path

from mlsystem.practice.defence.citations import CitationGone

FENCE = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
NODE = r'(\w+)(?:[\[({]+"([^"]*)"[\])}]+)?'
EDGE = re.compile(rf"^\s*{NODE}\s*(-->|-\.->)(?:\|([^|]*)\|)?\s*{NODE}\s*$")
WIDE, HIGH, GAP, STEP = 178, 48, 24, 104  # of a box, between two of a row, and from row to row


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Arrow:
    """`path` is SVG's; the label stands at (x, y)."""

    path: str
    x: float
    y: float
    label: str
    is_dashed: bool
    is_back: bool


@dataclass(frozen=True)
class Diagram:
    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def read(readme: Path) -> Diagram:
    """The first mermaid flowchart of the page. Raises CitationGone."""
    fence = FENCE.search(readme.read_text(encoding="utf-8"))
    edges = [found.groups() for found in map(EDGE.match, fence[1].splitlines()) if found] if fence else []
    if not edges:
        raise CitationGone(f"{readme.name} has no mermaid flowchart any more, from which the diagram is drawn")
    texts: dict[str, str] = {}
    for source, said, _, _, target, told in edges:
        for name, text in ((source, said), (target, told)):
            texts[name] = text or texts.get(name, name)
    return _drawn([(one[0], one[4], one[3] or "", one[2] != "-->") for one in edges], texts)


def _drawn(edges: list[tuple[str, str, str, bool]], texts: dict[str, str]) -> Diagram:
    rows = _rows(edges, texts)
    widest = max(sum(1 for one in rows.values() if one == row) for row in set(rows.values()))
    width = widest * (WIDE + GAP) + 90  # and room at the right, for what goes back
    places: dict[str, tuple[float, float]] = {}
    for row in sorted(set(rows.values())):
        names = [name for name in texts if rows[name] == row]
        left = (width - 90 - len(names) * (WIDE + GAP) + GAP) / 2
        places |= {name: (left + n * (WIDE + GAP), 8 + row * STEP) for n, name in enumerate(names)}
    boxes = tuple(Box(*places[name], tuple(text.split("<br>"))) for name, text in texts.items())
    arrows = tuple(_arrow(places, rows, edge, width) for edge in edges)
    return Diagram(width, max(y for _, y in places.values()) + HIGH + 8, boxes, arrows)


def _rows(edges: list[tuple[str, str, str, bool]], texts: dict[str, str]) -> dict[str, int]:
    """Each box below all that lead to it; an arrow to what came before it on the way is one that goes back."""
    rows = dict.fromkeys(texts, 0)
    onward: dict[str, set[str]] = {name: set() for name in texts}
    for source, target, _, _ in edges:
        if source not in _reached(target, onward):
            onward[source].add(target)
    for _ in texts:
        for source, targets in onward.items():
            for target in targets:
                rows[target] = max(rows[target], rows[source] + 1)
    return rows


def _reached(name: str, onward: dict[str, set[str]]) -> set[str]:
    found = {name}
    for target in onward[name]:
        found |= _reached(target, onward)
    return found


def _arrow(
    places: dict[str, tuple[float, float]], rows: dict[str, int], edge: tuple[str, str, str, bool], width: float
) -> Arrow:
    source, target, label, is_dashed = edge
    (x, y), (to_x, to_y) = places[source], places[target]
    if rows[target] <= rows[source]:  # back, along the right
        side, start, end = width - 12, y + HIGH / 2, to_y + HIGH / 2
        path = f"M{x + WIDE:.0f} {start:.0f} C{side} {start:.0f} {side} {end:.0f} {to_x + WIDE:.0f} {end:.0f}"
        return Arrow(path, width - 4, (start + end) / 2, label, is_dashed, is_back=True)
    start_x, start_y, end_x = x + WIDE / 2, y + HIGH, to_x + WIDE / 2
    turn_y, bend = to_y - STEP + HIGH, (STEP - HIGH) / 2  # down its own column as far as there are rows between
    path = (
        f"M{start_x:.0f} {start_y:.0f} V{turn_y:.0f} "
        f"C{start_x:.0f} {turn_y + bend:.0f} {end_x:.0f} {to_y - bend:.0f} {end_x:.0f} {to_y:.0f}"
    )
    return Arrow(path, end_x, to_y - 24, label, is_dashed, is_back=False)
