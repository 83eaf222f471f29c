"""Why p99 rises before the processor is full: one worker as a queue, played with its measured service times.

The model is M/G/1 with exceptional first services (after Welch, 1964) in two stages: questions come at random, one
worker reads those who have come, then answers one; the first few after a pause take longer. Not M/G/c: a connection
belongs to one worker, and who waits there is not helped by another that idles; so several workers are several such
queues, each with its part.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator

import numpy as np

from mlsystem.practice.capacity.service_times import ServiceTimes

LOADS = tuple(round(0.05 * step, 2) for step in range(1, 20))  # shares of the saturation, for a curve
QUESTIONS = 60_000  # per point of it
NEIGHBOURS = 30  # measured after pauses about as long: of so many on either side one is drawn


def simulate(
    times: ServiceTimes, rate: float, questions: int, seed: int, most_pending: int, first_are_slower: bool = True
) -> np.ndarray:
    """Seconds until the answer of each question, (questions,), NaN for one that is refused; `rate` is per second.

    A worker reads whoever has come before it answers the next of those who wait.
    """
    random = np.random.default_rng(seed)
    moments = np.cumsum(random.exponential(1 / rate, questions)).tolist()
    services = (random.choice(times.back_to_back, questions) - times.transport).tolist()
    near = random.integers(-NEIGHBOURS, NEIGHBOURS + 1, questions).tolist()
    runs, idle_before = (times.after_idle - times.transport).tolist(), times.idle_before.tolist()
    seconds, transport = np.full(questions, np.nan), times.transport
    to_read: deque[int] = deque()
    to_answer: deque[tuple[int, float]] = deque()  # with what is left to do
    warming: Iterator[float] = iter(())
    now, come = 0.0, 0
    while come < questions or to_read or to_answer:
        if not to_read and not to_answer and moments[come] > now:
            if first_are_slower:
                place = bisect_left(idle_before, moments[come] - now) + near[come]
                warming = iter(runs[min(max(place, 0), len(runs) - 1)])
            now = moments[come]
        while come < questions and moments[come] <= now:
            if len(to_read) + len(to_answer) < most_pending:
                to_read.append(come)
            come += 1
        if to_read:
            number = to_read.popleft()
            service = next(warming, services[number])
            now += service * times.reading
            to_answer.append((number, service * (1 - times.reading)))
        else:
            number, left = to_answer.popleft()
            now += left
            seconds[number] = now - moments[number] + transport
    return seconds


def p99_of_blocks(seconds: np.ndarray, block: int) -> np.ndarray:
    """Of each block of so many questions its p99, (blocks,): that of so few lies mostly below that of very many."""
    whole = seconds[: len(seconds) // block * block].reshape(-1, block)
    return np.asarray(np.nanquantile(whole, 0.99, axis=1))


def curve(times: ServiceTimes, most_pending: int, seed: int) -> list[dict[str, float]]:
    """By share of the saturation: p50, p99 in milliseconds, and the share that is refused."""
    found = []
    for load in LOADS:
        seconds = simulate(times, load * times.saturation, QUESTIONS, seed, most_pending)
        p50, p99 = np.nanquantile(seconds, (0.5, 0.99)) * 1000
        refused = float(np.isnan(seconds).mean())
        found.append({"load": load, "p50_ms": float(p50), "p99_ms": float(p99), "refused": refused})
    return found


def busiest(points: list[dict[str, float]], p99_ms: float) -> float:
    """The largest share of the saturation whose p99 is within the limit; 0 if none is."""
    return max((one["load"] for one in points if one["p99_ms"] <= p99_ms), default=0.0)


def allen_cunneen_p99(times: ServiceTimes, rate: float) -> float:
    """The textbook's: mean wait by Allen and Cunneen, its tail exponential; seconds until the answer."""
    service = times.back_to_back - times.transport
    busy, squared_cv = rate * times.cpu, float(service.var() / service.mean() ** 2)
    wait = busy / (1 - busy) * times.cpu * (1 + squared_cv) / 2
    return float(wait / busy * np.log(max(1.0, busy / 0.01)) + service.mean() + times.transport)
