"""What one question costs a worker, measured with a single caller, so that nobody waits for another."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlsystem.practice.capacity import callers
from mlsystem.practice.capacity.own_service import OwnService

BURSTS, BURST = 3, 300  # back to back, and so many questions each: short, for a scheduler bounds who never rests
IDLE_SECONDS = (0.0002, 0.02)  # pauses between them, evenly on a logarithmic scale
RUNS, RUN = 300, 4  # pauses, and after each so many questions back to back: a worker warms up over the first few
PAIRS = 300  # of questions at once, between single ones: what the second one adds to the first one's time
QUIETER = 0.25  # the quantile of times that is compared: what else a machine does only ever adds
REST_SECONDS = 0.2
SAMPLES = ("back_to_back", "idle_before", "after_idle")


@dataclass(frozen=True)
class ServiceTimes:
    """Seconds. A worker that was idle is slower at its next questions: its memory left the caches meanwhile."""

    cpu: float  # of the worker, per question back to back: what keeps the next one waiting
    reading: float  # the share of it that comes before the answer of any who waits
    back_to_back: np.ndarray  # (n,) until the answer
    idle_before: np.ndarray  # (k,) in ascending order
    after_idle: np.ndarray  # (k, RUN) until the answer to each of the questions after it

    @property
    def transport(self) -> float:
        """Of an answer's seconds, those in which the worker could already do another question."""
        return max(0.0, float(self.back_to_back.mean()) - self.cpu)

    @property
    def saturation(self) -> float:
        """Questions a second at which a worker is never idle."""
        return 1 / self.cpu


def measure(service: OwnService, seed: int) -> ServiceTimes:
    """About six seconds."""
    requests, random = service.requests(1), np.random.default_rng(seed)
    cpu, back_to_back = 0.0, []
    for _ in range(BURSTS):
        before = service.cpu_seconds()
        found = callers.single_caller(service.port, requests, [0.0] * BURST)
        cpu += service.cpu_seconds() - before
        back_to_back += [seconds for _, seconds in found]
        time.sleep(REST_SECONDS)
    reading = reading_share(service.port, requests)
    low, high = np.log(IDLE_SECONDS)
    pauses = np.zeros((RUNS, RUN))
    pauses[:, 0] = np.exp(random.uniform(low, high, RUNS))
    runs = np.array(callers.single_caller(service.port, requests, pauses.ravel().tolist())).reshape(RUNS, RUN, 2)
    return _made(cpu / (BURSTS * BURST), reading, np.array(back_to_back), runs[:, 0, 0], runs[:, :, 1])


def reading_share(port: int, requests: Sequence[bytes], pairs: int = PAIRS) -> float:
    """Of a question's seconds, the part that is done for all who have come before any of them is answered: 0 to 1."""
    return share_of(np.array(callers.alone_and_paired(port, requests, pairs)))


def share_of(seconds: np.ndarray) -> float:
    """The same of (n, 2) seconds: to the answer of one alone, to the first of two."""
    alone, paired = np.quantile(seconds, QUIETER, axis=0)
    return float(np.clip(paired / alone - 1, 0, 1))


def pooled(found: Sequence[ServiceTimes]) -> ServiceTimes:
    """Several measurements as one."""
    cpu, reading = (float(np.mean([getattr(one, name) for one in found])) for name in ("cpu", "reading"))
    return _made(cpu, reading, *(np.concatenate([getattr(one, name) for one in found]) for name in SAMPLES))


def _made(
    cpu: float, reading: float, back_to_back: np.ndarray, idle_before: np.ndarray, after_idle: np.ndarray
) -> ServiceTimes:
    order = np.argsort(idle_before)
    return ServiceTimes(cpu, reading, back_to_back, idle_before[order], after_idle[order])
