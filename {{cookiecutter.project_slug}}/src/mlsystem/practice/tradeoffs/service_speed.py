"""The service under a steady load: what workers, and collecting questions into one request, do to p50, p99 and cost."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil

from mlsystem.errors import UserError
from mlsystem.practice.tradeoffs.answer_speed import speed
from mlsystem.serving.run import Running

RATE = 100.0  # questions a second, arriving by chance
SECONDS = 6.0
WARM_SECONDS = 1.0


class AllRefused(UserError):
    """The service answered nothing that it was asked."""


@dataclass
class Heard:
    """What callers heard: the seconds to each answer, and how many questions were sent away."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0


def service_speed(running: Running, questions: Sequence[dict[str, Any]], batch_ms: int, seed: int) -> dict[str, float]:
    """What a caller sees of each question, from its arrival to its answer; a refusal is none. Raises AllRefused."""
    asyncio.run(_load(running.url, questions, batch_ms, WARM_SECONDS, seed))
    family = [psutil.Process(running.process.pid), *psutil.Process(running.process.pid).children(recursive=True)]
    before = _cpu(family)
    heard = asyncio.run(_load(running.url, questions, batch_ms, SECONDS, seed))
    answered = len(heard.seconds)
    if not answered:
        raise AllRefused("the service answered none of the questions; is the machine busy? Run it again when it is not")
    found = speed(heard.seconds, (_cpu(family) - before) / answered, _memory_mb(family))
    return found | {"refused_share": heard.refused / (heard.refused + answered)}


async def _load(url: str, questions: Sequence[dict[str, Any]], batch_ms: int, length: float, seed: int) -> Heard:
    """Open loop: a question comes when it comes, whatever the service does."""
    import httpx

    random = np.random.default_rng(seed)
    moments = np.cumsum(random.exponential(1 / RATE, int(RATE * length)))
    heard = Heard()
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client, asyncio.TaskGroup() as tasks:
        started = time.perf_counter()
        for place, batch in enumerate(_batches(moments, batch_ms / 1e3)):
            await asyncio.sleep(max(0.0, started + batch[-1][1] - time.perf_counter()))
            body = {"questions": [questions[(place + number) % len(questions)] for number, _ in enumerate(batch)]}
            tasks.create_task(_ask(client, body, [started + arrived for arrived, _ in batch], heard))
    return heard


def _batches(moments: np.ndarray, window: float) -> list[list[tuple[float, float]]]:
    """(arrived, sent) of each question: the first of a batch opens the window, and all of it is sent at its end."""
    batches: list[list[tuple[float, float]]] = []
    for arrived in moments.tolist():
        if batches and arrived < batches[-1][0][1]:
            batches[-1].append((arrived, batches[-1][0][1]))
        else:
            batches.append([(arrived, arrived + window)])
    return batches


async def _ask(client: Any, body: dict[str, Any], arrived: list[float], heard: Heard) -> None:
    import httpx

    try:
        answer = await client.post("/predict", json=body)
    except httpx.TransportError:
        heard.refused += len(arrived)
        return
    if answer.is_success:
        now = time.perf_counter()
        heard.seconds += [now - one for one in arrived]
    else:
        heard.refused += len(arrived)


def _cpu(family: Sequence[psutil.Process]) -> float:
    total = 0.0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _memory_mb(family: Sequence[psutil.Process]) -> float:
    """Shared pages count once where the system tells them apart."""
    total = 0
    for process in family:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    return total / 1e6
