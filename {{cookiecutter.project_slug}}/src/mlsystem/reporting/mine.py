"""What is the author's: README.md's section "Mine", written from git, docs/decisions/mine and the last run."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.reporting.markers import Marked
from mlsystem.settings import Project

SECTION = Marked("<!-- mine: written by `make mine` -->", "<!-- end of mine -->")
FIGURES = {  # by what they are called: where run.json has them, and how they are written
    "AUC of the champion on days that it did not see": ("auc", ".3f"),
    "its calibration error (ECE)": ("ece", ".3f"),
    f"{PROBLEM.per_1000} saved against never acting": ("saved", ",.0f"),
    "median answer over HTTP, ms": ("p50_ms", ".1f"),
}
WAITING = "Status: not yet decided"  # of the empty decision that waits for its author


@dataclass(frozen=True)
class Changes:
    """Since the commit that the project was generated in: files, and lines of them."""

    files: int
    added: int
    removed: int


def write_mine(root: Path, reports_dir: Path, project: Project) -> None:
    """Put it between README.md's markers. Raises MarkersMissing."""
    decisions = own_decisions(root / "docs/decisions/mine")
    lines = [
        _provenance(project),
        "",
        f"Own decisions: {len(decisions)}" + (":" if decisions else ", none yet (docs/decisions/mine)."),
        *(f"* [{title}](docs/decisions/mine/{name})" for name, title in decisions.items()),
        "",
        _changed(changes_since_generation(root)),
        "",
        *_figures(_read(reports_dir / "run.json"), _read(root / "docs/domain/reference.json")),
    ]
    SECTION.write(root / "README.md", "\n".join(lines))


def own_decisions(folder: Path) -> dict[str, str]:
    """The author's decisions by their file: those that are no longer empty."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("[0-9]*.md"))}
    return {name: text.splitlines()[0].lstrip("# ") for name, text in texts.items() if WAITING not in text}


def changes_since_generation(root: Path) -> Changes | None:
    """None without a git history. The first commit that has project.toml is what was generated."""
    commits = _git(root, "log", "--diff-filter=A", "--format=%H", "--", "project.toml")
    counted = _git(root, "diff", "--numstat", commits.split()[-1], "--", ".") if commits else None
    if counted is None:
        return None
    rows = [line.split("\t") for line in counted.splitlines()]
    numbers = [(int(added), int(removed)) for added, removed, _ in rows if added != "-"]  # a dash: not a text
    return Changes(len(rows), sum(added for added, _ in numbers), sum(removed for _, removed in numbers))


def figures_of(run: dict[str, Any]) -> dict[str, float]:
    """The four figures that two projects of the same problem can be compared by."""
    best = run["models"][run["champion"]]
    return {
        "auc": best["auc"],
        "ece": best["ece"],
        "saved": best["worth"]["saved"]["value"],
        "p50_ms": run["serving"]["p50_ms"],
    }


def write_reference(reports_dir: Path, page: Path) -> None:
    """The template's own figures of a problem, which a project's stand beside: docs/domain/reference.json."""
    run = json.loads((reports_dir / "run.json").read_text(encoding="utf-8"))
    storage.write_json(page, {"seed": run["seed"], "cores": run["cores"], "figures": figures_of(run)})


def _provenance(project: Project) -> str:
    if not project.template:
        return "Not generated: this is the template's own folder."
    return (
        f"Generated on {project.generated_on} from {project.template} {project.template_version}, with the problem "
        f"*{project.problem}*, the lanes *{project.lanes}* and the seed {project.seed}. What was generated is the "
        f"template's; what follows is by {project.author}."
    )


def _changed(changes: Changes | None) -> str:
    if changes is None:
        return "How much was changed since is not known: there is no git history."
    return (
        f"Changed since generation: {changes.files:,} file{'s' * (changes.files != 1)}, {changes.added:,} lines added, "
        f"{changes.removed:,} removed."
    )


def _figures(run: dict[str, Any] | None, reference: dict[str, Any] | None) -> list[str]:
    if run is None:
        return ["Own figures: none yet; `make demo` measures them."]
    own = figures_of(run)
    rows = []
    for title, (name, form) in FIGURES.items():
        theirs = "" if reference is None else wording.number(reference["figures"].get(name), form)
        rows.append(f"| {title} | {wording.number(own[name], form)} | {theirs} |")
    about = "" if reference is None else f" (seed {reference['seed']}, {reference['cores']} cores)"
    return [f"| own figures, seed {run['seed']} | this project | the template's{about} |", "|---|---|---|", *rows]


def _read(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    with storage.reading(path, "`make demo` writes it anew"):
        return json.loads(path.read_text(encoding="utf-8"))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
