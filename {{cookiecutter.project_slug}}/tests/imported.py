"""Which installed distributions the code of a folder imports: read from the code, nothing is imported."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path


def normal(name: str) -> str:
    """A distribution's name as locks write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def modules(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file with each top module that it imports, wherever in the file; relative imports are none."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.partition(".")[0]


def without_a_pin(folder: Path, pinned: set[str], own: set[str]) -> list[str]:
    """`file: module` for what neither the standard library, nor the folder itself, nor a pinned distribution brings."""
    bringers = metadata.packages_distributions()
    missing = {
        f"{path.relative_to(folder).as_posix()}: {module}"
        for path, module in modules(folder)
        if module not in sys.stdlib_module_names | own
        and not pinned & {normal(name) for name in bringers.get(module, ())}
    }
    return sorted(missing)
