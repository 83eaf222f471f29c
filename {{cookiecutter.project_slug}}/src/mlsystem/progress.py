"""What a person sees while a task runs: a line per step, with the seconds since the start, and no long silence.

A room upstream knows nothing of this: it logs at INFO, and its line is shown as that of a flow is. In a run Prefect
takes both to its API, for `mlsystem` is an extra logger in environment.py.
"""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SILENCE_SECONDS = 2.0  # who hears nothing for longer begins to wonder whether it hangs
TELLER = "teller"  # the thread's name
LONGEST_STEP = 50  # letters of the line that a still says again: all of it on one line of a terminal
WIPE = "\r\x1b[K"  # a terminal's: to the beginning of the line, and clear it

_started = time.monotonic()


def say(line: str) -> None:
    """Print a line of progress at once, whatever stdout is connected to."""
    _log.info(line)


@contextmanager
def never_silent(step: str, seconds: float = SILENCE_SECONDS) -> Iterator[None]:
    """Whenever nothing was said for so long, say what still goes on: at first `step`, then the line said last.

    Printed only: a log needs no heartbeat.
    """
    _shown.begin(step)
    done = threading.Event()
    teller = threading.Thread(target=_shown.tell_until, args=(done, seconds), name=TELLER, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        _shown.end()


@contextmanager
def asking() -> Iterator[None]:
    """While a person is asked and thinks: silence is theirs, and nothing is printed over what they type."""
    _shown.end()
    _shown.is_asking = True
    try:
        yield
    finally:
        _shown.is_asking = False


class _Shown(logging.Handler):
    """Prints what is logged at INFO; a warning has the root's handler."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.is_asking = False
        self.begin("")

    def begin(self, step: str) -> None:
        self._step, self._since = step, time.monotonic()
        self._heard = self._since

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.INFO:
            self.begin(record.getMessage())
            self._print(self._step if record.name == _log.name else f"  {self._step}")

    def tell_until(self, done: threading.Event, seconds: float) -> None:
        while not done.wait(max(0.0, self._heard + seconds - time.monotonic())):
            with self.lock:  # type: ignore[union-attr]  # a handler's is made with it; else a line could come in between
                if self.is_asking:
                    self._heard = time.monotonic()
                elif time.monotonic() >= self._heard + seconds:
                    so_far = time.monotonic() - self._since
                    self._print(f"    still, after {so_far:.0f} s: {self._step.strip()[:LONGEST_STEP]}", passing=True)
                    self._heard = time.monotonic()

    def end(self) -> None:
        """Wipe a passing line away: what is printed next is somebody else's."""
        if sys.stdout.isatty():
            print(WIPE, end="", flush=True)

    def _print(self, line: str, passing: bool = False) -> None:
        """A passing line gives way to the next; in a file it stays."""
        wipe, end = (WIPE, "" if passing else "\n") if sys.stdout.isatty() else ("", "\n")
        print(f"{wipe}[{time.monotonic() - _started:6.1f} s] {line}", end=end, flush=True)


_shown = _Shown()
_log = logging.getLogger("mlsystem")
_log.setLevel(logging.INFO)  # Prefect gives an extra logger its handler, and no level
_log.addHandler(_shown)
