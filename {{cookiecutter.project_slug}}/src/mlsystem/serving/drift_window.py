"""How far the recent predictions are from training: PSI over a window that moves with the counts of all workers."""

from collections.abc import Mapping

import numpy as np

from mlsystem.drift import Reference, psi

WINDOW = 5_000  # predictions, some 5 days; by chance alone PSI is bins / predictions, so fewer would mostly be noise


class DriftWindow:
    """Keeps a few snapshots of counts that only grow; what came after an old one is the recent window."""

    def __init__(self, references: Mapping[str, Reference], window: int = WINDOW) -> None:
        self._references = references
        self._window = window
        self._snapshots: list[np.ndarray] = []
        self._bins = [(name, index) for name, reference in references.items() for index in range(len(reference.counts))]

    def __call__(self, counted: Mapping[tuple[str, int], float]) -> tuple[int, dict[str, float]]:
        """The window's predictions, and PSI by feature; `counted` are the counts by feature and bin since the start."""
        counts = np.array([counted.get(one, 0.0) for one in self._bins])
        live = counts - self._base(counts)
        found, start = {}, 0
        for name, reference in self._references.items():
            bins = live[start : start + len(reference.counts)].tolist()
            start += len(bins)
            if sum(bins):
                found[name] = psi(reference.counts, bins)
        return round(self._predictions(live)), found

    def _base(self, counts: np.ndarray) -> np.ndarray:
        """The newest snapshot that is a window old, or zero: a long good past must not hide today's drift."""
        total = self._predictions(counts)
        if not self._snapshots or total - self._predictions(self._snapshots[-1]) >= self._window / 10:
            self._snapshots.append(counts)
        old = sum(total - self._predictions(one) >= self._window for one in self._snapshots)
        self._snapshots = self._snapshots[max(0, old - 1) :]
        return self._snapshots[0] if old else np.zeros_like(counts)

    def _predictions(self, counts: np.ndarray) -> float:
        """Each prediction is in one bin of each feature."""
        return float(counts.sum()) / max(1, len(self._references))
