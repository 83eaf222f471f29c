"""AGENTS.md of the template, one page for coding assistants: made from README.md's map and the Makefile's tasks."""

import re

from baking import ROOT, TEMPLATE

TASK = re.compile(r"^([a-z]+):.*## (.+)$", re.MULTILINE)


def render() -> str:
    """The page as it should be today."""
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    rows = readme.split("## The map of this repository")[1].split("\n## ")[0].splitlines()
    where = "\n".join(row for row in rows if row.startswith("|"))
    tasks = "\n".join(f"* `make {name}`: {said}" for name, said in TASK.findall(makefile))
    return f"""# For coding assistants

Made by `make agents` from README.md and Makefile: change those, not this page.

A cookiecutter template. `{TEMPLATE}/` is copied byte for byte but for README.md, LICENSE and project.toml, and is
itself a working project with an AGENTS.md, tasks and laws of its own: work on the system in there, as in any project.
`{TEMPLATE}/problems/` holds the problems that a bake can have instead of the one that lies in its place.

## Before you hand a change over

`make check` and `make quick` are clean, and in the project `make check` and `make test`. A change that a user of the
template notices has a line in CHANGELOG.md. No file holds a path of a machine or the address of a package index.

## Where things are

{where}

## The tasks

{tasks}
"""


if __name__ == "__main__":
    (ROOT / "AGENTS.md").write_text(render(), encoding="utf-8")
