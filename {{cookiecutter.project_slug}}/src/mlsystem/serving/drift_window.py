"""How far the recent predictions are from training: PSI over a window that moves with the counts of all workers.

Whichever worker answers a scrape must tell the same, so the window's beginning is kept in a file beside the counts.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from mlsystem import storage
from mlsystem.drift import Reference, psi
from mlsystem.metrics.scrape import Bins

WINDOW = 5_000  # predictions, some 5 days; by chance alone PSI is bins / predictions, so fewer would mostly be noise
Counts = dict[str, list[float]]  # by feature, of each bin


class DriftWindow:
    """Keeps a few snapshots of counts that only grow; what came after an old one is the recent window."""

    def __init__(self, folder: Path, window: int = WINDOW) -> None:
        """`folder` is shared by all workers."""
        self._folder = folder
        self._window = window
        self._references: dict[str, dict[str, list[int]]] = {}  # by version and feature

    def know(self, version: str, references: Mapping[str, Reference]) -> None:
        """What a version was trained on, also for the workers that answer a scrape and do not hold that version yet."""
        known = {name: list(reference.counts) for name, reference in references.items()}
        self._references[version] = known
        with suppress(OSError):  # a full disk: then only those tell who hold the version
            storage.write_text(self._folder / f"trained-{version}.json", json.dumps(known))

    def __call__(self, version: str, counted: Bins) -> tuple[int, dict[str, float]]:
        """The window's predictions, and PSI by feature; `counted` are the version's counts since the start."""
        references = self._references.get(version) or dict(_read(self._folder / f"trained-{version}.json"))
        counts = {
            name: [counted.get((name, index), 0.0) for index in range(len(reference))]
            for name, reference in references.items()
        }
        base = self._base(version, counts)
        live = {name: [now - then for now, then in zip(counts[name], base[name], strict=True)] for name in counts}
        found = {name: psi(references[name], np.array(bins)) for name, bins in live.items() if sum(bins)}
        return round(_predictions(live)), found

    def _base(self, version: str, counts: Counts) -> Counts:
        """The newest snapshot that is a window old, or zero: a long good past must not hide today's drift."""
        total = _predictions(counts)
        snapshots = self._snapshots(version, counts, total)
        old = [one for one in snapshots if total - _predictions(one) >= self._window]
        return old[-1] if old else {name: [0.0] * len(bins) for name, bins in counts.items()}

    def _snapshots(self, version: str, counts: Counts, total: float) -> list[Counts]:
        """What is kept, with these counts if the last ones are old enough. A disk that is full keeps what it has."""
        path = self._folder / f"drift-{version}.json"
        try:
            with FileLock(self._folder / "drift.lock", timeout=1):
                kept = list(_read(path))
                moved = self._moved_on(kept, counts, total)
                if moved != kept:
                    storage.write_text(path, json.dumps(moved))
                return moved
        except (OSError, Timeout):
            return list(_read(path))

    def _moved_on(self, kept: list[Counts], counts: Counts, total: float) -> list[Counts]:
        if kept and total - _predictions(kept[-1]) < self._window / 10:
            return kept
        old = sum(total - _predictions(one) >= self._window for one in kept)
        return [*kept[max(0, old - 1) :], counts]


def _read(path: Path) -> Any:
    """What one worker wrote there; nothing if none did."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return ()


def _predictions(counts: Counts) -> float:
    """Each prediction is in one bin of each feature."""
    return sum(sum(bins) for bins in counts.values()) / max(1, len(counts))
