"""Writes the prediction log: whole lines, one write each, by one process per file.

So a killed worker leaves at most one torn line, the last of its file. The lines survive the process, not a power cut:
no fsync, which would cost more than the prediction.
"""

import json
import os
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

FILE_BYTES = 64_000_000  # then the next file: some 19,000 predictions
AGAIN_SECONDS = 1.0  # a disk in trouble is asked once a second, and not by every answer
PROBE_BYTES = 65_536
BLOCK_BYTES = 4_096  # what the smallest file takes of the disk


class NotTried(OSError):
    """It failed a moment ago, and is not tried again yet."""


class PredictionLog:
    """One process's file of the day: `<dir>/<YYYY-MM-DD>.<process>-<serial>.jsonl`, the day in UTC.

    With each new file the oldest go, of all processes, until what is left is no more than `kept_files` full ones hold.
    A small file, of which each start and each day makes one, counts as what it holds.
    """

    def __init__(self, predictions_dir: Path, kept_files: int) -> None:
        self._dir = predictions_dir
        self._kept_files = kept_files
        self._process = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"  # a process id alone is used again one day
        self._serial = 0
        self._open: tuple[date, int] | None = None  # the day and its file descriptor
        self._problem = ""  # why the last record was not written
        self._again_at = 0.0  # time.monotonic()

    def append(self, records: Sequence[dict[str, Any]]) -> None:
        """Write the records, one line each, or nothing. Raises OSError; NotTried if it failed a moment ago."""
        if self._problem and time.monotonic() < self._again_at:
            raise NotTried(self._problem)
        lines = "".join(json.dumps(record, default=_as_text, allow_nan=False) + "\n" for record in records).encode()
        self._write(lines)

    def check(self) -> None:
        """Whether a record could be written now. Raises OSError if not."""
        if self._problem:
            self._write(b" " * PROBE_BYTES, stays=False)
        self._descriptor(datetime.now(UTC).date())

    def _write(self, lines: bytes, stays: bool = True) -> None:
        try:
            descriptor = self._descriptor(datetime.now(UTC).date())
            before = os.fstat(descriptor).st_size
            written = os.write(descriptor, lines)
            if written < len(lines) or not stays:
                os.ftruncate(descriptor, before)  # the next line must not be glued to half a line
            if written < len(lines):
                raise OSError(f"only {written:,} of {len(lines):,} bytes fitted into {self._dir}; free some disk space")
        except OSError as problem:
            self._problem, self._again_at = str(problem), time.monotonic() + AGAIN_SECONDS
            self.close()  # and open the same file next time: each attempt with a new one would fill the folder
            raise
        self._problem = ""

    def _descriptor(self, day: date) -> int:
        if self._open is not None and (self._open[0] != day or self._is_over(self._open[1])):
            self.close()
            self._serial += 1
        if self._open is None:
            self._dir.mkdir(parents=True, exist_ok=True)
            self._drop_oldest()
            path = self._dir / f"{day}.{self._process}-{self._serial}.jsonl"
            self._open = (day, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644))
        return self._open[1]

    def _is_over(self, descriptor: int) -> bool:
        status = os.fstat(descriptor)
        return status.st_nlink == 0 or status.st_size >= FILE_BYTES

    def _drop_oldest(self) -> None:
        written = []
        for path in self._dir.glob("*.jsonl"):
            with suppress(FileNotFoundError):  # another worker drops the oldest as well
                status = path.stat()
                written.append((status.st_mtime_ns, max(status.st_size, BLOCK_BYTES), path))
        left = sum(size for _, size, _ in written)
        for _, size, path in sorted(written):
            if left <= (self._kept_files - 1) * FILE_BYTES:
                return
            path.unlink(missing_ok=True)
            left -= size

    def close(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None


def _as_text(value: Any) -> str:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    raise TypeError(f"a prediction record holds {type(value).__name__}, which JSON does not")
