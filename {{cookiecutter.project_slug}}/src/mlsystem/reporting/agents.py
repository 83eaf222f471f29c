"""AGENTS.md, one page for coding assistants: made from the map, the tasks and the laws."""

import re
from pathlib import Path

from mlsystem import storage

TASK = re.compile(r"^([a-z-]+): +## (.+)$", re.MULTILINE)


def write_agents(root: Path) -> None:
    storage.write_text(root / "AGENTS.md", render(root))


def render(root: Path) -> str:
    """The page. README.md must have a section `## The map`."""
    readme, makefile, laws = (
        (root / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile", "docs/laws.md")
    )
    rooms = readme.split("## The map")[1].split("\n## ")[0]
    table = "\n".join(line for line in rooms.splitlines() if line.startswith("|"))
    tasks = [f"* `make {name}`: {said}" for name, said in TASK.findall(makefile)]
    for lane in sorted((root / "lanes").glob("*.mk")):
        mark = f"<!-- lane: {lane.stem} -->"  # as on README.md's lines: they go with the lane
        told = TASK.findall(lane.read_text(encoding="utf-8"))
        tasks += [f"* `make {name}`: {said} {mark}" for name, said in told]
    return f"""# For coding assistants

Made by `make readme` from README.md, Makefile and docs/laws.md: change those, not this page.

A complete ML system for one problem, which docs/domain/README.md tells. Everything of the problem lies in
`src/mlsystem/domain`, `tests/domain` and `docs/domain`; everything else knows no word of it and reads `PROBLEM`, whose
parts are declared in `src/mlsystem/contract`.

## Before you hand a change over

`make check` (format, types, laws) and `make test` are clean. A change of behaviour has a test that fails without it. No
stub, no number typed by hand into a page, no guard without the planted fault that it notices.

## The rooms, upstream first

{table}

## The tasks

{chr(10).join(tasks)}

## The laws

{laws.split(chr(10), 3)[3].strip()}
"""
