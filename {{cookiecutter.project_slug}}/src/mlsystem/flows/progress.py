"""What a person sees while a flow runs: one line per step, with the seconds since the start."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_started = time.monotonic()
_log = logging.getLogger("mlsystem")  # in a run Prefect takes it to its API: it is an extra logger in settings.py
_log.setLevel(logging.INFO)  # Prefect gives an extra logger its handler, and no level


def say(line: str) -> None:
    """Print a line of progress at once, whatever stdout is connected to."""
    _log.info(line.strip())
    _print(line)


@contextmanager
def waiting(what: str, every_seconds: float = 5.0) -> Iterator[None]:
    """Say every few seconds that this is still going on. Printed only: a log needs no heartbeat."""
    done, started = threading.Event(), time.monotonic()

    def tell() -> None:
        while not done.wait(every_seconds):
            _print(f"  {what}: {time.monotonic() - started:.0f} s so far")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _print(line: str) -> None:
    print(f"[{time.monotonic() - _started:6.1f} s] {line}", file=sys.stdout, flush=True)


def counted(what: str, every: int = 1) -> Callable[[int, int], None]:
    """A progress callback (done, total) that says every n-th step and the last."""

    def tell(done: int, total: int) -> None:
        if done % every == 0 or done == total:
            say(f"  {what}: {done:,} of {total:,}")

    return tell
