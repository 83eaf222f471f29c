"""Where a claim is held: a name or line of a file, or a test, found by its text: a moved line is found again."""

import ast
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mlsystem.errors import UserError


class CitationGone(UserError):
    """What a claim rests on is not there any more."""


@dataclass(frozen=True)
class Place:
    """A line that was found: `path` from the project's folder, as in a repository."""

    path: str
    line: int
    anchor: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} ({self.anchor})"


def locate(citation: str, root: Path) -> Place:
    """`src/x.py#name` or `#Class.name`, `docs/x.md#a line's text`, `tests/x.py::test_name`: its place as it is now.

    Raises CitationGone.
    """
    is_test = "::" in citation
    path, _, anchor = citation.partition("::" if is_test else "#")
    file = root / path
    if not file.is_file():
        raise CitationGone(f"`{citation}`: there is no file {path} in this project; cite where it went")
    line = line_of(file, anchor)
    if line is None:
        what = "test" if is_test else "name" if file.suffix == ".py" else "line with the text"
        raise CitationGone(f"`{citation}`: {path} has no {what} {anchor!r} any more; cite what took its place")
    return Place(path, line, anchor)


def line_of(file: Path, anchor: str) -> int | None:
    """Of Python the line that defines the name; of any other file the first line that holds the text."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return _defined(text).get(anchor)
    return next((n for n, line in enumerate(text.splitlines(), start=1) if anchor in line), None) if anchor else None


@lru_cache(maxsize=256)
def _defined(text: str) -> dict[str, int]:
    """Every name that a module or one of its classes defines, the latter with a dot, and its line."""
    found: dict[str, int] = {}
    for node in ast.parse(text).body:
        for name in _names(node):
            found.setdefault(name, node.lineno)
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                for name in _names(inner):
                    found.setdefault(f"{node.name}.{name}", inner.lineno)
    return found


def _names(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
    return []
