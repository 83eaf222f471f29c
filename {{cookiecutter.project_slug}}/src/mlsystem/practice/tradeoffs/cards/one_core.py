"""Card: 20 ms at the 99th percentile, on one core. The service is started and asked, so many at once as was dealt."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import psutil

from mlsystem.domain import PROBLEM
from mlsystem.practice.tradeoffs import service_copy
from mlsystem.practice.tradeoffs.cards import state
from mlsystem.practice.tradeoffs.cards.card import Card, Target, Terms
from mlsystem.serving.run import Running
from mlsystem.settings import Settings

LIMIT_MS = 20.0
SURELY = 1.25  # times the limit: the deal asks for what the service surely cannot do yet
SIZES = (1, 10, 15, 25, 40, 60, 90, 140, 200, 300)  # questions in a request
REQUESTS = 120
STRETCHES = 3  # the best counts: whatever else the machine does only adds


def deal(settings: Settings, seed: int) -> dict[str, Any]:
    """The smallest request that takes too long today. Raises NothingToChange."""
    with _service(settings) as (running, questions):
        for size in SIZES:
            p99 = best_p99_ms(running, questions, size)
            if p99 > SURELY * LIMIT_MS:
                return {"limit_ms": LIMIT_MS, "questions": size, "found_ms": p99}
    raise state.NothingToChange(f"{SIZES[-1]} questions at once are answered in {LIMIT_MS:.0f} ms: nothing is to do")


def said(terms: Terms) -> str:
    return (
        f"The list that we show has {terms['questions']} {PROBLEM.words.questions}, and we ask for all of them at "
        f"once. The answer must be there within {terms['limit_ms']:.0f} ms, 99 times in 100; today it takes "
        f"{terms['found_ms']:.0f}. You get one worker, and one core for it."
    )


def check(settings: Settings, terms: Terms) -> list[Target]:
    if state.champion(settings) is None:
        return [Target("a champion answers", False, "none can be loaded")]
    with _service(settings) as (running, questions):
        p99 = best_p99_ms(running, questions, terms["questions"])
        answered, all_known = _answers(running, questions)
    return [
        fast_enough(p99, terms),
        Target("each question is answered, with a probability", answered, "all" if answered else "not all"),
        Target("no answer is degraded", all_known, "none is" if all_known else "some are"),
        state.present_champion(settings),
    ]


def fast_enough(p99: float, terms: Terms) -> Target:
    name = f"{terms['questions']} questions at once: p99 within {terms['limit_ms']:.0f} ms on one core"
    return Target(name, p99 <= terms["limit_ms"], f"{p99:.1f} ms, the best of {STRETCHES} stretches")


def best_p99_ms(running: Running, questions: Sequence[dict[str, Any]], size: int) -> float:
    """The lowest of the stretches' 99th percentiles, one request after the other."""
    import httpx

    found = []
    with httpx.Client(base_url=running.url, timeout=30, trust_env=False) as client:
        for _ in range(STRETCHES):
            seconds = []
            for place in range(REQUESTS):
                asked = [questions[(place * size + n) % len(questions)] for n in range(size)]
                started = time.perf_counter()
                client.post("/predict", json={"questions": asked}).raise_for_status()
                seconds.append(time.perf_counter() - started)
            found.append(float(np.quantile(seconds, 0.99)) * 1e3)
    return min(found)


def _answers(running: Running, questions: Sequence[dict[str, Any]]) -> tuple[bool, bool]:
    """Whether all are answered, and none is degraded: of those that are due first, the store knows what it should."""
    import httpx

    some = list(questions[:20])
    with httpx.Client(base_url=running.url, timeout=30, trust_env=False) as client:
        answers = client.post("/predict", json={"questions": some}).raise_for_status().json()["predictions"]
    probabilities = [one["probability"] for one in answers]
    answered = len(answers) == len(some) and all(0 <= p <= 1 for p in probabilities) and len(set(probabilities)) > 1
    return answered, not any(one["degraded"] for one in answers)


@contextmanager
def _service(settings: Settings) -> Iterator[tuple[Running, list[dict[str, Any]]]]:
    """A copy of the service, its one worker on one core where the system allows that; and questions for it."""
    moment, asked = service_copy.moment_and_questions(settings, SIZES[-1])
    with service_copy.prepared(settings, moment) as own, service_copy.service(own, 1) as running:
        first = psutil.Process(running.process.pid)
        for process in (first, *first.children(recursive=True)):
            with suppress(AttributeError, psutil.Error):  # macOS has no affinity
                process.cpu_affinity([0])
        yield running, [service_copy.as_asked(one, moment) for one in asked]


CARD = Card(
    "one-core",
    "20 ms on one core",
    90,
    said,
    (
        "The service is started with one worker on one core, with a store of its own, and asked over HTTP: "
        f"{STRETCHES} stretches of {REQUESTS} requests, of which the best counts.",
        "Whether it answers each question, differently, and with all that it should know.",
        "Whether the champion is of the present code and data.",
    ),
    deal,
    check,
)
