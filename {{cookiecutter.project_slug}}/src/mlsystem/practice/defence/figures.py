"""Figures of a sentence, each read from its source by machine: a run's file, the code, a setting, a declaration."""

import importlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mlsystem import storage, wording
from mlsystem.domain import PROBLEM
from mlsystem.errors import UserError
from mlsystem.lanes import lane_tasks
from mlsystem.practice import record
from mlsystem.practice.defence.citations import CitationGone, Place, locate
from mlsystem.settings import ROOT, Settings

FIGURE = re.compile(r"\{(\w+):([^|{}]+)\|([^{}]+)\}")  # {source:path|form}
MADE_BY = {  # a file of reports_dir, and the task that writes it
    "run": "demo",
    "year": "year",
    "tradeoffs": "tradeoffs",
    "capacity": "capacity",
    "experiment": "experiment",
    "route": "brief ARGS=--route",
}
SOURCES = (*MADE_BY, "code", "settings", "problem", "record")
COSTS = {"needed": (True, True), "for_nothing": (True, False), "missing": (False, True)}


class NoSuchFigure(UserError):
    """A sentence asks for what its source does not have."""


class NotMeasured(Exception):
    """The run that would tell has not been made; the text says which task makes it."""


@dataclass(frozen=True)
class Figure:
    """One figure as it was found: `place` says where, for a reader; a word of the declarations has none."""

    source: str
    path: str
    shown: str
    place: str

    @property
    def is_evidence(self) -> bool:
        return self.source != "problem"


@dataclass(frozen=True)
class Sources:
    """All that a figure can be read from."""

    settings: Settings
    root: Path = ROOT
    record_folder: Path = record.FOLDER

    def figure(self, source: str, path: str, form: str) -> Figure:
        """Raises NotMeasured, NoSuchFigure, CitationGone, RecordChanged."""
        if source in MADE_BY:
            value, place = self._of_run(source, path), f"{self._reports}/{source}.json {self._resolved(source, path)}"
        elif source == "code":
            value, place = self._of_code(path)
        elif source == "settings":
            value, place = self._of_settings(path)
        elif source == "problem":
            value, place = _of_problem(path), "domain"
        elif source == "record":
            value, place = len(record.read(path, self.record_folder)), f"practice/{record.FILE} {path}"
        else:
            raise NoSuchFigure(f"there is no source {source!r}; there are {', '.join(SOURCES)}")
        return Figure(source, path, shown(value, form), place)

    def has(self, source: str, path: str) -> bool:
        """Whether there is such a thing at all, and it is not nothing; yes, as long as its run has not been made."""
        try:
            return bool(_of_problem(path) if source == "problem" else self._of_run(source, path))
        except NotMeasured:
            return True
        except NoSuchFigure:
            return False

    @property
    def _reports(self) -> str:
        return self.settings.reports_dir.name

    @cached_property
    def _read(self) -> dict[str, Any]:
        return {}

    def document(self, source: str) -> Any:
        """What a task has written. Raises NotMeasured, UnreadableState."""
        file, task = self.settings.reports_dir / f"{source}.json", MADE_BY[source]
        if source not in self._read:
            if not file.exists():
                raise NotMeasured(remedy(task))
            with storage.reading(file, f"`make {task}` writes it anew"):
                self._read[source] = json.loads(file.read_text(encoding="utf-8"))
        return self._read[source]

    def _of_run(self, source: str, path: str) -> Any:
        """`a.b`, a share `a / b`, a difference `a - b`; `$champion` is what the file has at `champion`, `#` counts."""
        whole = self.document(source)
        if parts := re.fullmatch(r"(\S+) ([/-]) (\S+)", path):
            left, right = (_number(_walk(whole, part, source), path) for part in (parts[1], parts[3]))
            return left - right if parts[2] == "-" else left / right if right else math.nan
        return _walk(whole, path, source)

    def _resolved(self, source: str, path: str) -> str:
        """With what stands for `$champion` in this run, so that a reader can look it up."""
        whole = self.document(source)
        return re.sub(r"\$(\w+)", lambda name: str(whole.get(name[1])), path)

    def _of_code(self, path: str) -> tuple[Any, str]:
        module, _, names = path.partition(":")
        try:
            value: Any = importlib.import_module(module)
            for name in names.split("."):
                value = value[int(name)] if name.isdigit() else getattr(value, name)
        except (ImportError, AttributeError, IndexError, TypeError) as gone:
            raise CitationGone(
                f"`{path}`: the code has no such name any more ({gone}); cite what took its place"
            ) from None
        return value, str(self._line(f"src/{module.replace('.', '/')}.py", names))

    def _of_settings(self, name: str) -> tuple[Any, str]:
        if name not in Settings.model_fields:
            raise CitationGone(f"`settings:{name}`: there is no such setting any more; cite what took its place")
        return getattr(self.settings, name), str(self._line("src/mlsystem/settings.py", f"Settings.{name}"))

    def _line(self, path: str, names: str) -> Place:
        return locate(f"{path}#{re.sub(r'[.][0-9]+$', '', names)}", self.root)


def remedy(task: str) -> str:
    """How it comes to be measured; a lane that was not generated cannot."""
    name = task.split()[0]
    if name not in (*lane_tasks(), "demo"):
        return f"not measured: this project was generated without the task `{name}`"
    return f"not measured yet: `make {task}`"


def shown(value: Any, form: str) -> str:
    """As people read it. A form is `text`, `words`, `money`, `share`, `share1` or a number's, such as `.3f`."""
    if form == "text":
        return wording.UNKNOWN if value is None else str(value)
    if form == "words":
        return str(value).replace("_", " ")
    if form == "money":
        return wording.money(value)
    if form.startswith("share"):
        return wording.share(value, int(form.removeprefix("share") or 0))
    return wording.number(value, form)


def _walk(whole: Any, path: str, source: str) -> Any:
    found = whole
    for part in path.split("."):
        part = str(whole.get(part[1:])) if part.startswith("$") else part
        if part == "#" and isinstance(found, Sequence | Mapping):
            found = len(found)
        elif isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and re.fullmatch(r"-?\d+", part) and -len(found) <= int(part) < len(found):
            found = found[int(part)]
        else:
            raise NoSuchFigure(
                f"{source}.json has no {path!r} (it ends at {part!r}); `make {MADE_BY[source]}` writes it anew"
            )
    return found


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NoSuchFigure(f"{path!r}: {value!r} is no number")
    return float(value)


def _of_problem(path: str) -> Any:
    """An attribute of PROBLEM; `cost.needed`, `.for_nothing`, `.missing`, `.training` are amounts of the currency."""
    first, _, rest = path.partition(".")
    if first == "cost":
        return (PROBLEM.costs.training_cents if rest == "training" else PROBLEM.costs.of(*COSTS[rest])) / 100
    value: Any = PROBLEM
    for name in path.split("."):
        value = value[int(name)] if name.isdigit() else getattr(value, name)
    return value


def evidence_of(task: str, sources: Sources) -> str:
    """What a task of practice has left, in a sentence: its page, its lines in the record, or how to come by them."""
    if task in MADE_BY:
        try:
            sources.document(task)
        except NotMeasured as unknown:
            return f"{unknown}"
        return f"measured: {sources.settings.reports_dir.name}/{task}.html"
    entries = len(record.read(task.removesuffix("s"), sources.record_folder))
    return f"on record: {entries:,}" if entries else remedy(task)
