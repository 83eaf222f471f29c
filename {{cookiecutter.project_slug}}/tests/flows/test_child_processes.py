"""Who starts processes ends them, however it ends itself; and nobody else's."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlsystem import child_processes
from up_probe import waited

SOON_SECONDS = 30.0  # at the start: the imports of a busy machine, and no more
PARENT = """
import os, subprocess, sys, time
import psutil
from mlsystem import child_processes
mark = child_processes.new_mark("%s", "parent")
child_processes.watch([child_processes.head_of(psutil.Process().pid, mark)])
sleep = "import time; time.sleep(600)"
child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{sleep}'], start_new_session=True); {sleep}"
subprocess.Popen([sys.executable, "-c", child], env={**os.environ, child_processes.MARK: mark}, start_new_session=True)
print("ready", flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.parametrize("end", ["TERM", "HUP", "KILL", "an error", "its own end"])
def test_children_and_theirs_end_with_their_parent_however_it_ends(end: str, tmp_path: Path):
    beginning = child_processes.project_mark(tmp_path)  # of no other run on this machine
    seconds = {"an error": "no number", "its own end": "2"}.get(end, "600")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT % beginning, seconds],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    if end in ("TERM", "HUP", "KILL"):
        assert waited(lambda: len(child_processes.marked(beginning)) == 2, SOON_SECONDS)
        parent.send_signal(getattr(signal, f"SIG{end}"))
    parent.wait(SOON_SECONDS)
    parent.stdout.close()

    assert waited(lambda: not child_processes.marked(beginning), SOON_SECONDS)


def test_nobody_is_ended_while_the_parent_lives_or_who_is_not_its_child(tmp_path: Path):
    """The guard stays quiet."""
    beginning = child_processes.project_mark(tmp_path)  # of no other run on this machine
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    parent = subprocess.Popen([sys.executable, "-c", PARENT % beginning, "600"], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert waited(lambda: len(child_processes.marked(beginning)) == 2, SOON_SECONDS)
        time.sleep(3 * child_processes.LOOK_SECONDS)
        assert len(child_processes.marked(beginning)) == 2
    finally:
        parent.kill()
        parent.communicate()
    assert waited(lambda: not child_processes.marked(beginning), SOON_SECONDS)
    assert other.poll() is None
    other.kill()
    other.wait()
