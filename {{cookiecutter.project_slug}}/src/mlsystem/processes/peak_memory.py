"""How much memory a run needed: this process and all its children together, at the worst moment."""

import threading

import psutil

EVERY_SECONDS = 0.5


class PeakMemory:
    """Samples while the `with` block runs; `peak_mb` is the most that all processes held at once.

    Shared pages count once (PSS) where the system tells them apart, as Linux does; elsewhere the figure is too high.
    """

    def __init__(self) -> None:
        self.peak_mb = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        parent = psutil.Process()
        while not self._done.wait(EVERY_SECONDS):
            family = [parent, *parent.children(recursive=True)]
            self.peak_mb = max(self.peak_mb, round(sum(_held(process) for process in family) / 1e6))


def _held(process: psutil.Process) -> int:
    try:
        memory = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0  # it ended meanwhile
    return getattr(memory, "pss", memory.rss)
