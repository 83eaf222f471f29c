"""The model against the service: driven open loop at shares of its measured saturation, predicted beside measured.

In turns: a single caller measures what a question costs, then each load is driven right after what saturates. Nothing
of what is driven goes into the prediction. What else a machine does only ever adds to a p99, so the quieter turns are
compared with as quiet ones of the model.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil

from mlsystem.practice.capacity import callers, queueing, service_times
from mlsystem.practice.capacity.own_service import OwnService
from mlsystem.progress import say

LOADS = (0.30, 0.60, 0.85)  # shares of the measured saturation
TURNS = 5
LOAD_SECONDS = 8.0
SATURATING, BURSTS, BURST_SECONDS = 16, 3, 0.8  # callers at once: fewer than a worker refuses
WITHIN = 0.30  # of the measurement
BLOCKS = 25  # simulated for each turn, of as many questions
QUIET = 0.1  # of a core: more of others, and it is said


@dataclass(frozen=True)
class Turn:
    """One load for a few seconds, in seconds and questions; p99 as three models have it, and as it was."""

    saturation: float  # measured right before
    rate: float
    predicted: np.ndarray  # (BLOCKS,) of as many questions at the same share of the predicted saturation
    plain: np.ndarray  # the same, as if a pause made nothing slower
    allen_cunneen: float
    p50: float
    p99: float
    late_p99: float  # of the callers themselves
    questions: int
    refused: int


def check(
    service: OwnService, seed: int, most_pending: int, turns: int = TURNS, seconds: float = LOAD_SECONDS
) -> tuple[service_times.ServiceTimes, dict[str, Any]]:
    """What was measured; plain JSON: saturation and p99, predicted and measured, over turns of 40 seconds."""
    order, times, began = np.random.default_rng(seed), [], (time.perf_counter(), _others(service))
    driven: dict[float, list[Turn]] = {load: [] for load in LOADS}
    for turn in range(turns):
        say(f"  turn {turn + 1} of {turns}: what a question costs by itself; then each load, after what saturates")
        times.append(service_times.measure(service, seed + turn))
        for load in order.permutation(LOADS).tolist():
            driven[load].append(_turn(service, times[-1], load, seconds, seed + turn, most_pending))
    others = (_others(service) - began[1]) / (time.perf_counter() - began[0])
    predicted = float(np.median([one.saturation for one in times]))
    return service_times.pooled(times), verdict(predicted, driven) | {
        "others_cores": max(0.0, others),
        "is_quiet": others <= QUIET,
        "turns": turns,
    }


def verdict(predicted: float, driven: Mapping[float, list[Turn]]) -> dict[str, Any]:
    """Each prediction beside its measurement, and the names of those that are off; `predicted` is the saturation."""
    measured = float(np.median([turn.saturation for one in driven.values() for turn in one]))
    loads = [_compared(load, found) for load, found in driven.items()]
    errors = {"saturation": predicted / measured - 1} | {f"p99 at {one['load']:.0%}": one["error"] for one in loads}
    off = [name for name, error in errors.items() if abs(error) > WITHIN]
    return {
        "saturation": {"predicted": predicted, "measured": measured, "error": errors["saturation"]},
        "loads": loads,
        "within": WITHIN,
        "off": off,
        "is_within": not off,
    }


def saturation(service: OwnService) -> float:
    """Answers a second when so many callers ask again at once: the median of short bursts."""
    found = []
    for _ in range(BURSTS):
        answers = callers.closed_loop(service.port, service.requests(1), SATURATING, BURST_SECONDS)
        answered = [one for one in answers if one.status == 200]
        found.append(len(answered) / (answers[-1].answered_at - answers[0].sent_at))
        time.sleep(service_times.REST_SECONDS)
    return float(np.median(found))


def _turn(
    service: OwnService, times: service_times.ServiceTimes, load: float, seconds: float, seed: int, most_pending: int
) -> Turn:
    most = saturation(service)
    answers = callers.open_loop(service.port, service.requests(1), load * most, seconds, seed)
    answered = [one.seconds for one in answers if one.status == 200]
    rate, questions = load * times.saturation, len(answers)
    predicted, plain = (
        queueing.p99_of_blocks(
            queueing.simulate(times, rate, BLOCKS * questions, seed, most_pending, slower), questions
        )
        for slower in (True, False)
    )
    p50, p99 = np.quantile(answered, (0.5, 0.99)).tolist()
    return Turn(
        saturation=most,
        rate=load * most,
        predicted=predicted,
        plain=plain,
        allen_cunneen=queueing.allen_cunneen_p99(times, rate),
        p50=p50,
        p99=p99,
        late_p99=float(np.quantile([one.sent_at - one.due_at for one in answers], 0.99)),
        questions=questions,
        refused=questions - len(answered),
    )


def _compared(load: float, turns: list[Turn]) -> dict[str, float]:
    def median(name: str) -> float:
        return float(np.median([getattr(one, name) for one in turns]))

    def quieter(name: str) -> float:
        return float(np.quantile(np.hstack([getattr(one, name) for one in turns]), service_times.QUIETER))

    measured = quieter("p99")
    return {
        "load": load,
        "rate": median("rate"),
        "p50_ms": median("p50") * 1000,
        "predicted_ms": quieter("predicted") * 1000,
        "measured_ms": measured * 1000,
        "measured_low_ms": min(one.p99 for one in turns) * 1000,
        "measured_high_ms": max(one.p99 for one in turns) * 1000,
        "error": quieter("predicted") / measured - 1,
        "plain_error": quieter("plain") / measured - 1,
        "allen_cunneen_error": median("allen_cunneen") / measured - 1,
        "callers_late_ms": median("late_p99") * 1000,
        "questions": sum(one.questions for one in turns),
        "refused": sum(one.refused for one in turns),
    }


def _others(service: OwnService) -> float:
    """Seconds of all cores so far, but for those of the worker and of this process."""
    every, own = psutil.cpu_times(), psutil.Process().cpu_times()
    busy = sum(every) - every.idle - getattr(every, "iowait", 0.0)
    return float(busy - own.user - own.system - service.cpu_seconds())
