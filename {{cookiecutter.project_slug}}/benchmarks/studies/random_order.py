"""Every test in a random order beside a load, for docs/studies/random-order.md: `random_order.py --copies 3`.

So many copies of the project run all their tests at the same time, each in an order of its own: each copy's two workers
are the others' load, and who is done keeps two processes busy until the last is. `--busy 4` keeps so many busy beside.
One copy alone is a quiet machine (some 35 minutes on 2 cores; three take three times as long). What `make test` has
built is copied with them.
"""

import argparse
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlsystem import storage
from mlsystem.settings import ROOT

TASKS = ("test", "prove", "endure")
BUILT = Path("data/tests")
ROWS, PAGE = ROOT / "data/random_order/rows.jsonl", ROOT / "docs/studies/random-order.md"
LOGS = ROWS.parent
SUMMARY = re.compile(r"(\d+) (passed|failed|errors?)\b")
BUSY = "while True: pass"
SAMPLE_SECONDS = 5


@dataclass(frozen=True)
class Row:
    """One task of one copy; `load` is the machine's mean number of processes that ran or waited for a core."""

    day: str
    commit: str
    cores: int
    copies: int
    seed: int
    task: str
    passed: int
    failed: list[str]
    seconds: float
    load: float
    busy: int = 0  # processes that did nothing but keep a core busy


def copy_of(folder: Path) -> Path:
    """What git knows of this project, with an environment of its own and the system that its tests have built."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(ROOT / BUILT, folder / BUILT, symlinks=True)
    for command in (["git", "init", "--quiet"], ["git", "add", "--all"], [sys.executable, "bootstrap.py"]):
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder


@contextmanager
def mean_load():  # type: ignore[no-untyped-def]
    """A list that holds the mean when the block has ended."""
    seen, mean, ended = [os.getloadavg()[0]], [], threading.Event()

    def look() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            seen.append(os.getloadavg()[0])

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield mean
    finally:
        ended.set()
        looking.join()
        mean.append(sum(seen) / len(seen))


def run(project: Path, seed: int, copies: int, busy: int, tasks: list[str]) -> None:
    """The tasks of one copy, each kept as it ends with what it said in data/random_order/."""
    asked = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    python = project / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for task in tasks:
        order = ["-p", "randomly", f"--randomly-seed={seed}", f"--basetemp={project / 'tmp'}"]
        log, started = LOGS / f"{seed}-{task}.log", time.monotonic()
        with mean_load() as load, log.open("wb") as said:
            subprocess.run([python, "-m", "mlsystem", task, *order], cwd=project, stdout=said, stderr=said, check=False)
        text = log.read_text(encoding="utf-8", errors="replace")
        counts = {what: int(number) for number, what in SUMMARY.findall((text.splitlines() or [""])[-1])}
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", text, re.MULTILINE)
        if not counts.get("passed"):
            failed.append(f"no summary: {log.name}")
        day, seconds = f"{datetime.now(UTC):%Y-%m-%d}", time.monotonic() - started
        made = (day, commit.strip(), os.cpu_count() or 1, copies, seed, task)
        row = Row(*made, counts.get("passed", 0), failed, seconds, load[0], busy)
        with ROWS.open("a", encoding="utf-8") as rows:
            rows.write(json.dumps(asdict(row)) + "\n")
        print(f"{task} by seed {seed}: {row.passed} passed, failed {failed}, {seconds:.0f} s", flush=True)


def kept_busy(processes: int) -> list[subprocess.Popen]:
    return [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]


def all_at_once(seeds: list[int], beside: int, tasks: list[str]) -> None:
    busy: list[subprocess.Popen] = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(seeds)) as pool:
        projects = [copy_of(Path(folder) / str(seed)) for seed in seeds]

        def one(project: Path, seed: int) -> None:
            run(project, seed, len(seeds), beside, tasks)
            if len(seeds) > 1:
                busy.extend(kept_busy(2))

        busy += kept_busy(beside)
        try:
            list(pool.map(one, projects, seeds))
        finally:
            for process in busy:
                process.kill()


def page(rows: list[Row]) -> str:
    red = [row for row in rows if row.failed]
    told = [
        f"| {row.day} | {row.commit} | {row.copies} | {row.busy} | {row.seed} | `make {row.task}` | {row.passed} | "
        f"{', '.join(f'`{name}`' for name in row.failed) or 'none'} | {row.seconds / 60:.0f} | {row.load:.1f} |"
        for row in rows
    ]
    return f"""# Every test in a random order, alone and beside a load

Written by `python benchmarks/studies/random_order.py`, on {rows[-1].cores} cores with {platform.system()} and Python
{platform.python_version()}. Where several copies of the project ran at once, each copy's two workers were the others'
load; *busy beside* are processes that do nothing else but keep a core busy. *Load* is the mean number of processes that
ran or waited for a core, the row's own among them.
`make test ARGS="-p randomly --randomly-seed=SEED"` is a row's order again.

## {f"{len(red)} of {len(rows)} runs were red" if red else f"All {len(rows)} runs were green"}

| day | commit | copies at once | busy beside | seed | task | passed | failed | minutes | load |
|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(told)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--copies", type=int, default=1, help="how many copies run at the same time")
    parser.add_argument("--busy", type=int, default=0, help="how many processes keep the cores busy beside them")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS, help="all, if not said")
    parser.add_argument("--anew", action="store_true", help="forget the runs before")
    options = parser.parse_args()
    if not (ROOT / BUILT / "5_models").exists():
        sys.exit("There is no system that the tests have built: `make test` first.")
    LOGS.mkdir(parents=True, exist_ok=True)
    if options.anew:
        ROWS.unlink(missing_ok=True)
    all_at_once([secrets.randbelow(100_000) for _ in range(options.copies)], options.busy, options.tasks)
    rows = [Row(**json.loads(line)) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    storage.write_text(PAGE, page(rows))


if __name__ == "__main__":
    main()
