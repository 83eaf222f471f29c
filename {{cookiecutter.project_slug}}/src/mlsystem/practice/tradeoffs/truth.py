"""The measured difference of two settings, of all judged questions or of a part of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlsystem.practice.tradeoffs import quality
from mlsystem.practice.tradeoffs.comparisons import ALL, METRICS, Comparison, pairs
from mlsystem.practice.tradeoffs.grading import Prediction, graded
from mlsystem.practice.tradeoffs.grid import Setting
from mlsystem.practice.tradeoffs.lab import Lab
from mlsystem.training.slices import FEWEST_ROWS, masks


def parts_of(lab: Lab) -> dict[str, np.ndarray]:
    """The slices and months of the judged days that are large enough: (n,) bool by their name."""
    label = lab.parts.test.label
    found = {f"{by} {value}": mask for by, value, mask in masks(lab.parts.test)}
    return {
        name: mask
        for name, mask in found.items()
        if mask.sum() >= FEWEST_ROWS and not mask.all() and len(np.unique(label[mask])) == 2
    }


def values(lab: Lab, metric: str, part: str, wanted: Sequence[Setting]) -> Mapping[Setting, float]:
    """The metric of each setting. Raises NotMeasured."""
    figures = dict(zip(lab.everything, lab.figures(), strict=True))
    if part == ALL:
        return {one: _flat(figures[one], metric) for one in wanted}
    inside = parts_of(lab)[part]
    rows = lab.parts.test.where(inside)
    return {
        one: _flat(quality.judge(lab.scores(one, "test")[inside], rows, one.threshold, lab.seed), metric)
        for one in wanted
    }


def grade(lab: Lab, comparison: Comparison, prediction: Prediction) -> dict[str, Any]:
    """The prediction beside what was measured, and beside who knows nothing."""
    compared = pairs(lab.everything, comparison.a.axis)
    every = {one for pair in compared for one in pair} | {comparison.a, comparison.b}
    found = values(lab, comparison.metric, comparison.part, sorted(every, key=repr))
    others = [found[a] - found[b] for a, b in compared]
    truth = found[comparison.a] - found[comparison.b]
    return graded(prediction, truth, METRICS[comparison.metric].is_higher_better, others)


def _flat(figures: Mapping[str, Any], metric: str) -> float:
    value = figures[metric]
    return float(value["value"] if isinstance(value, Mapping) else value)
