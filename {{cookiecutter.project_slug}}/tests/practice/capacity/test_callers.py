"""The callers: what they see of a service that answers, queues, stands still or hangs up."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from mlsystem.practice.capacity import callers, service_times

QUESTION = callers.post(b"{}")
ROUNDS_TO_READ = 5  # of the loop, in which a question that is on its way is read too
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{ }"


@contextmanager
def service(
    seconds: float = 0.0, stands_still_at: int | None = None, hangs_up: bool = False, reading: float = 0.0
) -> Iterator[int]:
    """A service that answers one question at a time, and reads whoever has come before it does; its port."""
    loop, turn, asked = asyncio.new_event_loop(), asyncio.Lock(), iter(range(10**9))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"{}"):
                time.sleep(reading)
                for _ in range(ROUNDS_TO_READ if reading else 0):
                    await asyncio.sleep(0)
                async with turn:
                    if hangs_up:
                        writer.close()
                        return
                    time.sleep(0.4 if next(asked) == stands_still_at else seconds)
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        time.sleep(0.05)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def test_the_open_loop_asks_at_its_rate_and_each_answer_is_counted_once():
    with service() as port:
        answers = callers.open_loop(port, [QUESTION], rate=200, seconds=1, seed=1)

    assert len(answers) == 200
    assert {(one.status, one.bytes) for one in answers} == {(200, 3)}
    assert answers[-1].due_at - answers[0].due_at == pytest.approx(1, rel=0.3)


def test_a_service_that_stands_still_shows_in_the_open_loop_and_hides_in_the_closed():
    with service(stands_still_at=50) as port:
        opened = callers.open_loop(port, [QUESTION], rate=200, seconds=1, seed=1)
    with service(stands_still_at=50) as port:
        closed = callers.closed_loop(port, [QUESTION], callers=1, seconds=0.8)

    assert np.quantile([one.seconds for one in opened], 0.8) > 0.1, "a good part of the questions came meanwhile"
    assert np.quantile([one.seconds for one in closed], 0.8) < 0.1, "the one caller waited, and asked nothing"


def test_a_single_caller_tells_how_long_it_left_the_service_idle():
    with service() as port:
        found = callers.single_caller(port, [QUESTION], [0.0] * 5 + [0.05] * 5)

    assert all(idle < 0.02 for idle, _ in found[:5])
    assert all(idle >= 0.05 for idle, _ in found[5:])


def test_of_two_questions_at_once_the_first_answer_is_timed():
    with service(seconds=0.02) as port:
        alone, paired = np.median(callers.alone_and_paired(port, [QUESTION], 10), axis=0)

    assert 0.02 <= alone <= paired < 0.04, "the second waits for its turn"


def test_what_is_read_before_an_answer_is_found_by_asking():
    with service(seconds=0.006, reading=0.002) as port:
        found = service_times.reading_share(port, [QUESTION], pairs=60)

    assert 0.1 < found < 0.5, "a quarter, and on a busy machine somewhat more"


def test_what_else_a_machine_does_hardly_moves_the_part_that_is_read():
    seconds = np.random.default_rng(1).normal([0.008, 0.010], 0.0002, (300, 2))
    seconds[::3, 0] += 0.004
    seconds[:150, 1] *= 2  # half of the pairs were answered, and told late
    assert np.median(seconds, axis=0)[1] / np.median(seconds, axis=0)[0] - 1 > 0.4, "medians are moved"

    assert service_times.share_of(seconds) == pytest.approx(0.25, abs=0.03)


def test_a_service_that_hangs_up_is_no_measurement():
    with service(hangs_up=True) as port, pytest.raises(callers.CallersFailed, match="hung up"):
        callers.single_caller(port, [QUESTION], [0.0])
