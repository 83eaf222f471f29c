"""How long an answer takes within a worker: looking its features up, the model, its reasons. No HTTP, one question."""

import pickle
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlsystem.contract.question import Question
from mlsystem.domain import PROBLEM
from mlsystem.practice import prices
from mlsystem.training.candidates import Model

if TYPE_CHECKING:
    from mlsystem.feature_store.online import OnlineFeatures

ANSWERS = 300
STRETCHES = 3  # the best counts: whatever else the machine does only adds
WARM = 200  # answers; the first hundred of a process take three times as long
GUARDS = tuple(view.name for view in PROBLEM.views if not view.is_input)  # looked up whatever the model sees


def answer_speed(
    model: Model, groups: Sequence[str], online: "OnlineFeatures", asked: Sequence[Question], matrix: np.ndarray
) -> dict[str, float]:
    """Milliseconds and processor time of an answer, the model's size, and a million's cost."""
    look = _lookup(online, groups)
    rows = [matrix[place : place + 1] for place in range(len(asked))]

    def answer(place: int) -> None:
        look(asked[place % len(asked)])
        row = rows[place % len(rows)]
        model.predict_proba(row)
        model.contributions(row)

    for place in range(WARM):
        answer(place)
    size = len(pickle.dumps(model)) / 1e6
    stretches = (speed(*_timed(answer), size) for _ in range(STRETCHES))
    return min(stretches, key=lambda one: one["p99_ms"])


def _timed(answer: Callable[[int], None]) -> tuple[list[float], float]:
    """Seconds of each answer, and a processor's seconds of one."""
    seconds, cpu = [], time.process_time()
    for place in range(ANSWERS):
        started = time.perf_counter()
        answer(place)
        seconds.append(time.perf_counter() - started)
    return seconds, (time.process_time() - cpu) / ANSWERS


def speed(seconds: Sequence[float], cpu_seconds: float, memory_mb: float) -> dict[str, float]:
    """What a person compares: p50, p99, processor time, memory, and what a million such answers cost."""
    p50, p99 = np.quantile(seconds, (0.5, 0.99)) * 1e3
    return {
        "p50_ms": float(p50),
        "p99_ms": float(p99),
        "cpu_ms": cpu_seconds * 1e3,
        "memory_mb": memory_mb,
        "cost_per_million": prices.read().per_million(cpu_seconds, memory_mb / 1e3),
    }


def _lookup(online: "OnlineFeatures", groups: Sequence[str]) -> Callable[[Question], Any]:
    """The groups' features and the guards' from the online store; without a group, none at all."""
    names = {*groups, *GUARDS}
    wanted = [
        f"{view.name}:{feature.name}" for view in PROBLEM.views if view.name in names for feature in view.features
    ]
    if not groups:
        return lambda question: None
    return lambda question: online.store.get_online_features(wanted, [PROBLEM.entity_row(question)]).to_dict()
