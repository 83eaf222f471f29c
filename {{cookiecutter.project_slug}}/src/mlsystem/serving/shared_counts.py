"""Disk space for a worker's counts, taken before they begin.

prometheus_client maps its files into memory and makes them longer without asking for the space: on a full disk the next
count ends the process by SIGBUS, and then the one that is started instead. With a file that is there in full it cannot.
What it calls its files is pinned by a test. Without that space a worker counts in its own memory, and answers.
"""

import logging
import os
from pathlib import Path

logger = logging.getLogger("bentoml.mlsystem")

SPACE = {"counter": 1 << 20, "histogram": 1 << 18} | dict.fromkeys(
    ("gauge_mostrecent", "gauge_max", "gauge_liveall"),
    1 << 16,  # the last is Feast's
)  # bytes, by kind


def is_reserved(folder: Path) -> bool:
    """Whether this process counts where all workers do."""
    return (folder / f"counter_{os.getpid()}.db").exists()


def reserve(folder: Path) -> bool:
    """Fill this process's files with zeros; whether there was room. A model version takes some 80 kB of counters."""
    paths = {folder / f"{kind}_{os.getpid()}.db": size for kind, size in SPACE.items()}
    try:
        for path, size in paths.items():
            path.write_bytes(bytes(size))
    except OSError as problem:
        for path in paths:
            path.unlink(missing_ok=True)
        logger.error("this worker's counts are in no scrape but its own until it is started again: %s", problem)
        return False
    return True
