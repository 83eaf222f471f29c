"""What a person sees while something takes its time."""

import threading
import time

import pytest

from mlsystem.flows.progress import waiting


def test_whoever_waits_is_told_that_it_goes_on_and_nothing_after_the_end(capsys: pytest.CaptureFixture[str]):
    before, told, deadline = threading.active_count(), "", time.monotonic() + 20

    with waiting("the kettle", every_seconds=0.01):
        while told.count("the kettle") < 2 and time.monotonic() < deadline:
            told += capsys.readouterr().out

    assert told.count("the kettle") >= 2
    assert threading.active_count() == before
