"""What the documents say, and what of it is not there: functions over text and folders, standard library only."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

HEADINGS = ["Context", "Decision", "Options rejected", "Consequences", "Revisit when"]
LONGEST_DECISION = 40  # lines
MADE_BY_A_RUN = ("data/", "reports/", ".venv", "build/", "docs/gx/", "docs/domain/reference.json", "bundle.json")
FILE = re.compile(r"`([\w./{}-]*\w\.(?:py|sql|md|toml|json|j2|html|txt|yml|lock))`")
_TASK = r"(?:make|python -m mlsystem) ([a-z]+(?:-[a-z]+)*)\b"
TASK = re.compile(rf"`{_TASK}|^    {_TASK}", re.MULTILINE)
HOME = re.compile(r"`([\w.]+)` in\s+`([\w/]+\.py)`")  # "`name` in `file.py`"


def readme(root: Path) -> str:
    """README.md with the domain's own part in its place: the template's folder includes what a bake has written out."""
    text = (root / "README.md").read_text(encoding="utf-8")
    own = (root / "docs/domain/README.md").read_text(encoding="utf-8")
    return re.sub(r"^\{% include .*%\}$", lambda _: own, text, flags=re.MULTILINE)


def broken_links(page: Path, text: str | None = None) -> list[str]:
    """The relative links of a Markdown page that lead nowhere; `text`, if the page is not what its file holds."""
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8") if text is None else text)
    targets = [link for link in links if not re.match(r"[a-z]+:|#", link)]
    return [link for link in targets if not (page.parent / unquote(link.partition("#")[0])).exists()]


def unknown_files(text: str, folders: Iterable[Path]) -> list[str]:
    """The files named in code marks that lie below none of the folders, and that no run makes either."""
    folders = list(folders)
    named = [name for name in FILE.findall(text) if not name.startswith(MADE_BY_A_RUN)]
    return [name for name in named if not any((folder / name).exists() for folder in folders)]


def unknown_tasks(text: str, tasks: set[str]) -> list[str]:
    """The tasks that are named as a command and do not exist."""
    named = [first or second for first, second in TASK.findall(text)]
    return [name for name in named if name not in tasks]


def makefile_tasks(makefile: Path) -> set[str]:
    """The tasks that a Makefile documents."""
    return set(re.findall(r"^([a-z-]+):.*## ", makefile.read_text(encoding="utf-8"), re.MULTILINE))


def lost_names(text: str, package: Path) -> list[str]:
    """Of each "`name` in `file.py`", those that the file does not define."""
    lost = []
    for name, file in HOME.findall(text):
        last = name.rpartition(".")[2]
        code = (package / file).read_text(encoding="utf-8") if (package / file).exists() else ""
        if not re.search(rf"^\s*(?:async )?(?:def|class) {last}\b|^\s*{last}(?:\b.*=|: )", code, re.MULTILINE):
            lost.append(f"{name} in {file}")
    return lost


def decision_faults(decision: Path) -> Iterator[str]:
    """What a decision lacks of its form."""
    lines = decision.read_text(encoding="utf-8").splitlines()
    number = int(decision.name[:4])
    if not lines[0].startswith(f"# {number}. "):
        yield f"{decision.name}: the title does not begin with `# {number}. `"
    if not any(line.startswith("Status: ") for line in lines):
        yield f"{decision.name}: no status"
    if [line[3:] for line in lines if line.startswith("## ")] != HEADINGS:
        yield f"{decision.name}: the headings are not {', '.join(HEADINGS)}"
    if len(lines) > LONGEST_DECISION:
        yield f"{decision.name}: {len(lines)} lines, at most {LONGEST_DECISION}"


def blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks of a page: (language, content)."""
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
