"""The words that a domain declares, and where they stand outside of its own folders."""

import builtins
import keyword
import re
from collections.abc import Iterator
from pathlib import Path

from mlsystem.contract.problem import Problem
from mlsystem.settings import ROOT

OWN = ("src/mlsystem/domain", "tests/domain", "docs/domain", "problems", "data", "reports", "build")
RENDERED = ("README.md", "project.toml", "LICENSE")  # they hold answers, and the domain's words by inclusion
KINDS = {".py", ".sql", ".j2", ".yml", ".yaml", ".json", ".md", ".toml", ".in", ".css", ""}
SHORTEST = 4
ORDINARY = "tests/domain/ordinary_words.txt"  # the owner's own list: a line for each word that is everybody's as well
# What SQL, Python or the field itself says; a domain may use these words, and so may everybody.
COMMON = {
    *dir(builtins),
    *keyword.kwlist,
    *(name for kind in (str, dict, list, set) for name in dir(kind)),
    *("order", "sources", "days", "date", "time", "name", "value", "label", "number", "count", "hour", "minute"),
    *("service_date", "known_at", "event_id"),
}


def words(problem: Problem) -> set[str]:
    """Tables, columns that rules name, views, keys, features, fields, and what people call a question and its asker."""
    ruled = {column for table in problem.tables for rule in table.rules for column in rule.columns}
    tables = {name for table in problem.tables for name in (table.name, table.key, *table.outcomes)}
    views = {view.name for view in problem.views} | set(problem.keys)
    features = {feature.name for feature in (*problem.model_features, *problem.stored_features)}
    fields = {field.name for field in problem.fields}
    spoken = {problem.words.question, problem.words.questions, problem.words.whom}
    declared = ruled | tables | views | features | fields | spoken
    return {word for word in declared if len(word) >= SHORTEST and word not in COMMON | ordinary()}


def ordinary() -> set[str]:
    path = ROOT / ORDINARY
    return set(path.read_text(encoding="utf-8").split()) if path.exists() else set()


def found_in(root: Path, said: set[str]) -> list[str]:
    """A sentence for each line that has one of them, by itself or as a part of a longer name."""
    pattern = re.compile(rf"(?<![a-z])({'|'.join(sorted(said, key=len, reverse=True))})(?![a-z])", re.IGNORECASE)
    return [fault for path in _files(root) for fault in _faults(path, path.relative_to(root).as_posix(), pattern)]


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        hidden = any(part.startswith(".") or part in ("__pycache__", "node_modules") for part in Path(name).parts)
        if hidden or name in RENDERED or any(name == own or name.startswith(f"{own}/") for own in OWN):
            continue
        if path.is_file() and path.suffix in KINDS and not name.endswith(".lock"):
            yield path


def _faults(path: Path, name: str, pattern: re.Pattern[str]) -> Iterator[str]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if found := pattern.search(line):
            yield f"{name}:{number} has {found[1]!r}: {line.strip()[:80]}"
