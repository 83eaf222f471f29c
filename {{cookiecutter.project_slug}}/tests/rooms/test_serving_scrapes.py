"""A scrape's numbers are the system's: whichever worker is asked, they are the same."""

from collections.abc import Callable

import pytest

from mlsystem.serving.run import running_service
from mlsystem.settings import Settings
from serving_probe import FLIGHT, alone, metric, patiently, send, workers

FLIGHTS = [FLIGHT | {"flight_number": number} for number in range(1, 1_001)]
OTHERS = [flight | {"origin": "JFK", "destination": "SFO"} for flight in FLIGHTS]


@pytest.mark.slow
def test_each_worker_tells_the_same_drift_and_the_same_of_everything_else(make_settings: Callable[[], Settings]):
    with running_service(make_settings()) as running:
        both = workers(running)
        for step in range(9):  # far beyond the window of 5,000, and each worker scraped in its turn
            assert patiently(running, *(FLIGHTS if step < 5 else OTHERS)).status == 200
            with alone(both[step % 2], running):
                send(running, "GET", "/metrics")
        told = []
        for worker in (*both, *both):
            with alone(worker, running):
                told.append(send(running, "GET", "/metrics").body.decode())

    windows = [metric(text, "drift_window_predictions") for text in told]
    assert len(set(windows)) == 1
    assert 5_000 <= windows[0] <= 6_000
    numbers = [[line for line in text.splitlines() if 'route="/metrics"' not in line] for text in told]
    assert numbers[0] == numbers[1] == numbers[2] == numbers[3]  # but for the scrapes themselves
    assert any(line.startswith("model_input_psi_ratio") for line in numbers[0])
