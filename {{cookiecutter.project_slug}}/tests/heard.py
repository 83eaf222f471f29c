"""What a task says and when: each line with the seconds since the start, and the CPU time that its process had used.

Wall-clock time judges the machine as well; a busy one stretches every gap. CPU time judges the task alone: between two
lines it cannot have worked for longer than that, however long it had to wait for a core.
"""

import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import psutil

from mlsystem.progress import SILENCE_SECONDS
from mlsystem.settings import ROOT, Settings, child_environment

MOST_CPU_SECONDS = 3 * SILENCE_SECONDS  # of a task between two lines: no heartbeat is late by more than another


@dataclass(frozen=True)
class Line:
    seconds: float
    cpu_seconds: float  # of the task's own process; its children have logs of their own
    text: str


@dataclass(frozen=True)
class Gap:
    seconds: float
    cpu_seconds: float
    after: str  # the line before it, which whoever waits looks at

    def __str__(self) -> str:
        return f"{self.seconds:5.1f} s ({self.cpu_seconds:4.1f} s of CPU) after {self.after.strip() or 'the start'!r}"


@dataclass(frozen=True)
class Heard:
    lines: tuple[Line, ...]  # the first is the start, without a text, and the last the end
    returncode: int
    stderr: str

    @property
    def stdout(self) -> str:
        return "".join(f"{line.text}\n" for line in self.lines[1:-1])

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Heard":
        said = json.loads(path.read_text(encoding="utf-8"))
        return cls(tuple(Line(**line) for line in said["lines"]), said["returncode"], said["stderr"])

    @property
    def gaps(self) -> list[Gap]:
        """Between two lines, the longest first."""
        pairs = pairwise(self.lines)
        found = [Gap(b.seconds - a.seconds, b.cpu_seconds - a.cpu_seconds, a.text) for a, b in pairs]
        return sorted(found, key=lambda gap: -gap.seconds)

    @property
    def most_cpu(self) -> Gap:
        """The gap in which the task itself worked longest."""
        return max(self.gaps, key=lambda gap: gap.cpu_seconds)


def heard(settings: Settings, *arguments: str) -> Heard:
    """The task as a process of its own, from its start to its end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mlsystem", *arguments],
        cwd=ROOT,
        env=child_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert process.stderr is not None
    errors: list[str] = []
    listener = threading.Thread(target=lambda: errors.extend(process.stderr))  # type: ignore[arg-type]
    listener.start()
    started, used, lines = time.monotonic(), 0.0, [Line(0.0, 0.0, "")]
    for text in process.stdout:
        used = _used(process.pid, used)
        lines.append(Line(time.monotonic() - started, used, text.rstrip("\n")))
    process.wait()
    listener.join()
    lines.append(Line(time.monotonic() - started, used, ""))
    return Heard(tuple(lines), process.returncode, "".join(errors))


def _used(pid: int, before: float) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return before
    return times.user + times.system
