"""A scrape's numbers are the system's: whichever worker is asked, they are the same."""

from collections.abc import Callable

import pytest

from mlsystem.serving.run import running_service
from mlsystem.settings import Settings
from questions import elsewhere, varied
from serving_probe import ask_patiently, metric, only_worker, scrape, send, wait_until, workers

QUESTIONS = varied(1_000)
OTHERS = [elsewhere(one) for one in QUESTIONS]


@pytest.mark.slow
def test_each_worker_tells_the_same_drift_and_the_same_of_everything_else(make_settings: Callable[[], Settings]):
    with running_service(make_settings()) as running:
        both = workers(running)
        for step in range(9):  # far beyond the window of 5,000, and each worker scraped in its turn
            assert ask_patiently(running, *(QUESTIONS if step < 5 else OTHERS)).status == 200
            with only_worker(both[step % 2], running):
                send(running, "GET", "/metrics")
        # An answer is counted a moment after its caller has it: no worker is stopped in between.
        assert wait_until(lambda: metric(scrape(running), "http_requests_total", route="/predict", status="200") == 9)
        told = []
        for worker in (*both, *both):
            with only_worker(worker, running):
                told.append(send(running, "GET", "/metrics").body.decode())

    windows = [metric(text, "drift_window_predictions") for text in told]
    assert len(set(windows)) == 1
    assert 5_000 <= windows[0] <= 6_000
    numbers = [[line for line in text.splitlines() if 'route="/metrics"' not in line] for text in told]
    assert numbers[0] == numbers[1] == numbers[2] == numbers[3]  # but for the scrapes themselves
    assert any(line.startswith("model_input_psi_ratio") for line in numbers[0])
