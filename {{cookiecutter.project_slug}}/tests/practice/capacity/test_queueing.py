"""The queue of one worker, against what theory says of it."""

import numpy as np
import pytest
from capacity_measurements import MS, service_times

from mlsystem.practice.capacity import queueing

NEVER = 10**9  # refused


def exponential(mean: float) -> np.ndarray:
    return np.random.default_rng(5).exponential(mean, 50_000)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.85])
def test_with_exponential_service_p99_is_that_of_mm1(load: float):
    times = service_times(exponential(2 * MS))

    seconds = queueing.simulate(times, load / times.cpu, 150_000, 1, NEVER)

    expected = np.log(100) * times.cpu / (1 - load)  # the time in M/M/1 is exponential
    assert np.quantile(seconds, 0.99) == pytest.approx(expected, rel=0.12)


def test_with_equal_service_times_the_mean_wait_is_that_of_md1():
    times = service_times(np.full(1_000, 2 * MS))

    seconds = queueing.simulate(times, 0.7 / times.cpu, 150_000, 1, NEVER)

    wait = 0.7 / (2 * (1 - 0.7)) * times.cpu  # Pollaczek and Khinchine
    assert seconds.mean() - times.cpu == pytest.approx(wait, rel=0.05)


@pytest.mark.parametrize("reading", [0.2, 0.5])
def test_who_comes_is_read_before_whoever_waits_is_answered(reading: float):
    service, load = 2 * MS, 0.7
    times = service_times(np.full(1_000, service), reading=reading)

    seconds = queueing.simulate(times, load / service, 150_000, 1, NEVER)

    ahead = load / (2 * (1 - load)) * service  # Pollaczek and Khinchine: the work that a question finds
    until_its_answer_is_begun = (ahead + reading * service) / (1 - load * reading)  # each who comes meanwhile is read
    assert seconds.mean() == pytest.approx(until_its_answer_is_begun + (1 - reading) * service, rel=0.05)


def test_a_worker_that_is_slower_after_a_pause_has_a_higher_p99_at_low_load_and_none_at_high():
    back_to_back = np.full(1_000, 2 * MS)
    times = service_times(back_to_back, after_idle=np.full((1_000, 2), 4 * MS))

    def p99(load: float, first_are_slower: bool) -> float:
        seconds = queueing.simulate(times, load / times.cpu, 100_000, 1, NEVER, first_are_slower)
        return float(np.quantile(seconds, 0.99))

    assert p99(0.2, True) > 1.3 * p99(0.2, False)
    assert p99(0.9, True) == pytest.approx(p99(0.9, False), rel=0.15)


def test_p99_rises_long_before_the_worker_is_full():
    times = service_times(np.full(1_000, 2 * MS))

    points = queueing.curve(times, NEVER, 1)

    p99 = {one["load"]: one["p99_ms"] for one in points}
    assert p99[0.8] > 2 * p99[0.4] > 2 * 2.0
    assert [one["p99_ms"] for one in points] == sorted(one["p99_ms"] for one in points)


def test_a_bound_on_what_waits_refuses_and_keeps_the_rest_quick():
    times = service_times(exponential(2 * MS))

    seconds = queueing.simulate(times, 2 / times.cpu, 50_000, 1, most_pending=24)

    assert np.isnan(seconds).mean() == pytest.approx(0.5, abs=0.02)
    assert np.nanquantile(seconds, 0.5) < 2 * 24 * times.cpu


def test_the_busiest_load_is_the_last_within_the_limit_or_none():
    points = [{"load": load, "p99_ms": p99} for load, p99 in ((0.1, 5.0), (0.5, 9.0), (0.9, 40.0))]

    assert queueing.busiest(points, 10) == 0.5
    assert queueing.busiest(points, 2) == 0.0
