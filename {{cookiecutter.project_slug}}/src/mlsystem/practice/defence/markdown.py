"""Markdown by markdown-it-py (decision 0030): pages of this project as HTML, and the parts of a decision."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

REJECTED = "Options rejected"
NUMBER = re.compile(r"\d")


@dataclass(frozen=True)
class Decision:
    """One file of docs/decisions. `rejected` are Markdown texts, those with a figure in them first."""

    path: str
    title: str
    status: str
    rejected: tuple[str, ...]

    @property
    def number(self) -> int:
        return int(Path(self.path).name[:4])


def parser() -> MarkdownIt:
    """CommonMark with tables; HTML in a text stays text, for a page may be written from what somebody typed."""
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def as_html(text: str, link: Callable[[str], str | None] | None = None) -> Markup:
    """The whole text. `link` says where a link leads from the new page; None makes it plain text."""
    markdown = parser()
    tokens = markdown.parse(text)
    for token in tokens:
        if token.children and link is not None:
            token.children = _relinked(token.children, link)
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # nosec: html is off


def inline(text: str) -> Markup:
    return Markup(parser().renderInline(text))


def _relinked(children: list[Token], link: Callable[[str], str | None]) -> list[Token]:
    kept, dropped = [], 0
    for token in children:
        if token.type == "link_open":
            target = link(str(token.attrGet("href")))
            if target is None:
                dropped += 1
                continue
            token.attrSet("href", target)
        elif token.type == "link_close" and dropped:
            dropped -= 1
            continue
        kept.append(token)
    return kept


def decisions(folder: Path, root: Path) -> list[Decision]:
    """Every numbered decision of the folder, in order."""
    return [_decision(path, path.relative_to(root).as_posix()) for path in sorted(folder.glob("[0-9]*.md"))]


def _decision(path: Path, name: str) -> Decision:
    text = path.read_text(encoding="utf-8")
    status = next((line.partition(": ")[2] for line in text.splitlines() if line.startswith("Status: ")), "")
    title = text.splitlines()[0].lstrip("# ").partition(". ")[2]
    options = _options(_section(parser().parse(text), REJECTED))
    return Decision(name, title, status, tuple(sorted(options, key=lambda one: NUMBER.search(one) is None)))


def _section(tokens: list[Token], heading: str) -> list[Token]:
    """What stands below a heading, up to the next of its rank."""
    starts = [n for n, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        if tokens[start + 1].content == heading:
            return tokens[start + 3 : end]
    return []


def _options(tokens: list[Token]) -> list[str]:
    """One text for each item of a list, each paragraph, and each row of a table with its columns' heads."""
    found, heads, row, cell = [], list[str](), list[str](), ""
    for token in tokens:
        if token.type == "inline":
            text = " ".join(token.content.split())
            if cell == "th":
                heads.append(text)
            elif cell == "td":
                row.append(text)
            elif token.level > 1 or not text.endswith(":"):  # a sentence that leads to a list is none
                found.append(text)
        elif token.tag in ("th", "td"):
            cell = token.tag if token.nesting > 0 else ""
        elif token.type == "tr_close" and row:
            found.append(f"{row[0]}: " + ", ".join(f"{h} {v}" for h, v in zip(heads[1:], row[1:], strict=False)))
            row = []
    return found
