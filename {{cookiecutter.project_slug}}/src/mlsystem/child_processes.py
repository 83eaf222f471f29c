"""Children that die with their parent, however that ends: TERM, HUP, kill or a crash.

A process that starts others marks its environment, which they and their children inherit, and starts a watcher in a
session of its own. The watcher ends whatever carries the mark of a parent that has gone. No system call of Linux
alone: psutil reads marks on macOS and Windows as well. Nothing of the project is imported: the watcher is this file.
"""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import psutil

MARK = "STARTED_BY_MLSYSTEM"
LOOK_SECONDS = 0.5
END_SECONDS = 20.0  # the longest that a request may take, and a little
_numbers = count(1)


@dataclass(frozen=True)
class Head:
    """A process, and the mark that those below it carry. A number alone is given to another process one day."""

    pid: int
    started: float
    mark: str

    def is_alive(self) -> bool:
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.pid)
            return found.create_time() == self.started and found.status() != psutil.STATUS_ZOMBIE
        return False


def head_of(pid: int, mark: str) -> Head:
    """Raises psutil.NoSuchProcess."""
    return Head(pid, psutil.Process(pid).create_time(), mark)


def project_mark(data_dir: Path) -> str:
    """How the mark of every process begins that works on this data folder."""
    return f"{hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]}:"


def new_mark(beginning: str, name: str) -> str:
    """For what this process starts: `<beginning><name>:<process id>.<number>:`."""
    return f"{beginning}{name}:{psutil.Process().pid}.{next(_numbers)}:"


def mark_of(process: psutil.Process) -> str:
    """What it was started with; an empty text without one, or if it has gone or is somebody else's."""
    with suppress(psutil.Error, OSError):
        return process.environ().get(MARK, "")
    return ""


def marked(beginning: str) -> list[psutil.Process]:
    """Every process, but this one and watchers, whose mark begins so; of those that the system lets us look at."""
    found, here = [], psutil.Process().pid
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            is_ours = process.pid != here and mark_of(process).startswith(beginning)
            if is_ours and process.status() != psutil.STATUS_ZOMBIE and __file__ not in process.cmdline():
                found.append(process)
    return found


def below(pid: int) -> list[psutil.Process]:
    """The process and all its descendants; nothing if it has gone."""
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []


def end(processes: Sequence[psutil.Process], seconds: float = END_SECONDS) -> None:
    """Politely, and those that do not go with force. A server stops its own workers, so only the eldest are asked."""
    everyone = set(processes)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.parent() not in everyone:
                process.terminate()
    _, left = psutil.wait_procs(processes, timeout=seconds)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=seconds)


def watch(heads: Sequence[Head], unless: Path | None = None) -> None:
    """Start a watcher. What the file `unless` names by its mark is left alone when its head has gone."""
    told = json.dumps({"heads": [asdict(head) for head in heads], "unless": unless and str(unless)})
    subprocess.Popen(
        [sys.executable, "-P", __file__, told],  # -P: not with the project's files among the libraries
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def main(told: str) -> None:
    """Be the watcher, until the last head has gone."""
    said = json.loads(told)
    heads = [Head(**head) for head in said["heads"]]
    while heads:
        time.sleep(LOOK_SECONDS)
        for head in [head for head in heads if not head.is_alive()]:
            heads.remove(head)
            if not (said["unless"] and _names(Path(said["unless"]), head.mark)):
                end(marked(head.mark))


def _names(path: Path, mark: str) -> bool:
    return path.exists() and mark in path.read_text(encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
