"""Which drift it is, in one sentence with numbers: inputs that moved and cost nothing, a prior, or a concept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlsystem.domain import PROBLEM
from mlsystem.training.drift_limits import FEWEST_ROWS, DriftLimits, against_the_others, slice_columns

Kind = Literal["quiet", "covariate drift", "prior shift", "concept drift"]
FOLLOWED = 0.5  # of the label's move by the mean probability: the inputs saw it coming, so the prior moved, not the law
SHOWN = 4  # drifted columns in a sentence
ENOUGH = PROBLEM.limits.slice_gap  # small slices differ from month to month by themselves


@dataclass(frozen=True)
class Window:
    """Live questions whose label is known, and PSI of everything that came in since, labelled or not."""

    probabilities: np.ndarray  # (n,)
    label: np.ndarray  # (n,) bool
    slices: Mapping[str, np.ndarray]  # those of the limits, whose law can change by itself
    psi: Mapping[str, float]


@dataclass(frozen=True)
class Diagnosis:
    """`costs`: whether the probabilities are wrong by more than chance, all in all or in one slice."""

    kind: Kind
    costs: bool
    drifted: tuple[str, ...]  # columns over their limit, the furthest over first
    reason: str


def diagnose(window: Window, limits: DriftLimits) -> Diagnosis:
    """Concept before prior before covariate: the one that asks for most is named, with its numbers."""
    share, gap = float(window.label.mean()), float((window.probabilities - window.label).mean())
    over = {name: value / limits.psi[name] for name, value in window.psi.items() if value > limits.psi[name]}
    drifted = tuple(sorted(over, key=lambda name: -over[name]))
    is_off, followed, odd = _outside(gap, limits.gap), _followed(window, share, limits), _odd_slice(window, limits)
    said = (
        f"{share:.3f} {PROBLEM.words.positive} (reference {limits.reference_rate:.3f}), the probabilities {gap:+.3f} "
        f"off (reference windows {limits.gap[0]:+.3f} to {limits.gap[1]:+.3f})"
    )
    if odd:
        return Diagnosis("concept drift", True, drifted, f"concept drift: {odd}; {said}")
    if is_off and followed < FOLLOWED:
        what = f"concept drift: the label moved and the probabilities followed {followed:.0%} of it; {said}"
        return Diagnosis("concept drift", True, drifted, what)
    if is_off or _outside(share, limits.base_rate):
        what = f"prior shift, of which the probabilities followed {followed:.0%}; {said}"
        return Diagnosis("prior shift", is_off, drifted, what)
    if drifted:
        shown = ", ".join(
            f"{name} PSI {window.psi[name]:.2f} (limit {limits.psi[name]:.2f})" for name in drifted[:SHOWN]
        )
        what = f"covariate drift that costs nothing: {len(drifted)} columns over their limit, {shown}; {said}"
        return Diagnosis("covariate drift", False, drifted, what)
    return Diagnosis("quiet", False, drifted, f"quiet: no column over its limit; {said}")


def _outside(value: float, limits: tuple[float, float]) -> bool:
    return not limits[0] <= value <= limits[1]


def _followed(window: Window, share: float, limits: DriftLimits) -> float:
    """The share of the label's move that the mean probability made too, in [0, 1]; 1 if the label did not move."""
    move = share - limits.reference_rate
    made = float(window.probabilities.mean()) - limits.reference_score
    return float(np.clip(made / move, 0, 1)) if move else 1.0


def _odd_slice(window: Window, limits: DriftLimits) -> str | None:
    """The slice that is further off than all others by more than any slice is in reference windows, and by enough."""
    inside = {name: window.slices[name] for name in limits.slice_spread if window.slices[name].sum() >= FEWEST_ROWS}
    if not inside:
        return None
    columns = slice_columns(inside, window.probabilities - window.label)
    values = against_the_others(columns.sum(axis=0, keepdims=True))[0]
    worst = int(np.abs(values).argmax())
    name, value = list(inside)[worst], float(values[worst])
    limit = max(ENOUGH, limits.slice_sigmas * limits.slice_spread[name])
    return f"{name} is {value:+.3f} off against the others (limit {limit:.3f})" if abs(value) > limit else None
